"""Cells as a table, written and read back."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.csv import cells_rows, read_cells, write_cells
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming

NAMES = ("lymphocyte", "erythrocyte", "erythroblast", "blast")


def field(image, boxes, scores, classes, pixel=None):
    origin = Provenance(image=image, pixel_size_um=pixel, pixel_size_source="given", weights="w", sha256="ab12")
    return Detections.from_arrays(
        boxes,
        scores,
        classes,
        names=NAMES,
        image_shape=(60, 90),
        recognised=NAMES[:3],
        provenance=origin,
    )


@pytest.fixture
def fields():
    return [
        field("/d/a.png", [[5, 10, 20, 30], [0, 0, 10.5, 10]], [0.5, 0.98769], [0, 1], pixel=0.5),
        field("/d/b.png", [[1, 1, 9, 9], [1, 1, 8, 8], [1, 1, 7, 7]], [0.9, 0.8, 0.7], [2, 2, 3]),
    ]


def lines(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_row_tells_all_of_a_cell(fields):
    assert cells_rows(fields)[1] == {
        "image": "a.png",
        "cell": 2,
        "class": "lymphocyte",
        "score": 0.5,
        "corrected": "",
        "predicted_class": "lymphocyte",
        "predicted_score": 0.5,
        "observer": "",
        "certainty": None,
        "novelty": None,
        "unsure": None,
        "y0": 5,
        "x0": 10,
        "y1": 20,
        "x1": 30,
        "y": 12.5,
        "x": 20,
        "area_px": 300,
        "area_um2": 75,
        "box_height_um": 7.5,
        "box_width_um": 10,
        "box_diameter_um": 8.6603,
        "image_height": 60,
        "image_width": 90,
        "pixel_size_um": 0.5,
    }


def test_cells_are_numbered_from_1_in_each_image_best_first(fields):
    rows = cells_rows(fields)
    assert [(r["image"], r["cell"], r["score"]) for r in rows] == [
        ("a.png", 1, 0.9877),
        ("a.png", 2, 0.5),
        ("b.png", 1, 0.9),
        ("b.png", 2, 0.8),
        ("b.png", 3, 0.7),
    ]


def test_what_is_not_known_is_an_empty_cell_of_the_table(fields, tmp_path):
    write_cells(fields, tmp_path / "cells.csv")
    found = lines(tmp_path / "cells.csv")
    assert (found[1]["area_um2"], found[2]["area_um2"], found[2]["box_width_um"]) == ("75.0", "", "")
    assert list(found[0])[:19] == [
        *("image", "cell", "class", "score", "corrected", "predicted_class", "predicted_score", "observer"),
        *("certainty", "novelty", "unsure"),
        *("y0", "x0", "y1", "x1", "y", "x", "area_px", "area_um2"),
    ]


def test_lines_end_the_same_on_every_system(fields, tmp_path):
    write_cells(fields, tmp_path / "cells.csv")
    assert b"\r" not in (tmp_path / "cells.csv").read_bytes()


def test_a_table_read_back_has_the_cells_the_size_and_the_pixel_size(fields, tmp_path):
    write_cells(fields, tmp_path / "cells.csv")
    first, second = read_cells(tmp_path)
    assert first.boxes.tolist() == fields[0].boxes.tolist()
    assert first.class_names.tolist() == ["erythrocyte", "lymphocyte"]
    assert first.image_shape == second.image_shape == (60, 90)
    assert (first.provenance.pixel_size_um, first.provenance.pixel_size_source) == (0.5, "given")
    assert (second.provenance.pixel_size_um, second.provenance.pixel_size_source) == (
        None,
        "unknown",
    )
    assert second.provenance.image == "b.png"


def test_nothing_is_predicted_of_cells_that_no_network_was_asked_of(fields):
    drawn = replace(fields[0], provenance=Provenance(image="a.png"))
    assert {row["predicted_class"] for row in cells_rows([drawn])} == {None}


def test_corrections_are_read_back_from_a_table(corrected_field, assert_corrected, tmp_path):
    write_cells([corrected_field], tmp_path / "cells.csv")
    assert_corrected(read_cells(tmp_path)[0])
    assert lines(tmp_path / "cells.csv")[2]["predicted_class"] == ""


def test_a_table_of_somebody_elses_needs_seven_columns(tmp_path):
    text = "\ufeffx1,x0,y1,y0,class,image,score\n30,10,20.5,5,WBC,a.png,1\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    (found,) = read_cells(tmp_path / "t.csv")
    assert found.boxes.tolist() == [[5, 10, 20.5, 30]]
    assert found.image_shape == (21, 30)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("image,class\na,b\n", "is not a table of cells: it lacks the column 'score'"),
        ("", "it lacks the column 'image'"),
        (
            "image,class,score,y0,x0,y1,x1,corrected\na,b,1,0,0,5,5,1\n",
            "line 2: '1' is not a kind of correction. Known: class",
        ),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_a_sentence(tmp_path, text, fault):
    (tmp_path / "t.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(AnnotationError) as error:
        read_cells(tmp_path / "t.csv")
    assert fault in str(error.value)


@pytest.mark.parametrize(("line", "cells"), [("a,b,1,0,0,x,5", 0), ("a,b,1", 0), ("a,b,high,9,0,5,5", 1)])
def test_an_odd_line_costs_no_other_and_is_said(tmp_path, line, cells):
    (tmp_path / "t.csv").write_text(f"image,class,score,y0,x0,y1,x1\n{line}\n")
    (found,) = read_cells(tmp_path / "t.csv")
    assert len(found) == cells
    assert found.provenance.notes


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"Cannot read .*t\.csv: No such file"):
        read_cells(tmp_path / "t.csv")


class TestNamed:
    """Cells that a classifier named: the first two are unsure, the second of them until a person confirmed it."""

    @pytest.fixture
    def named(self, fields):
        first, second = fields
        probabilities = np.array([[0.1, 0.1, 0.5, 0.3], [0, 0, 1, 0], [np.nan] * 4], np.float32)
        naming = Naming(NAMES, probabilities, np.array([1.25, np.nan, np.nan], np.float32))
        kinds = np.array(["", "accepted", ""])
        return [first, replace(second, naming=naming, corrections=Corrections(kinds, second.classes, second.scores))]

    def test_a_row_tells_how_sure_the_class_is(self, named):
        said = [[row[column] for column in ("certainty", "novelty", "unsure")] for row in cells_rows(named)]
        assert said == [[None] * 3, [None] * 3, [0.5, 1.25, 1], [1.0, None, 0], [None] * 3]

    def test_it_is_read_back(self, named, tmp_path):
        write_cells(named, tmp_path / "cells.csv")
        first, second = read_cells(tmp_path)
        assert first.naming is None
        np.testing.assert_allclose(second.certainty, named[1].certainty)
        np.testing.assert_allclose(second.novelty, named[1].novelty)
        assert second.unsure.tolist() == [True, False, False]

    def test_a_table_without_these_columns_is_still_read(self, named, tmp_path):
        write_cells(named, tmp_path / "cells.csv")
        gone = ("certainty", "novelty", "unsure")
        rows = [[value for name, value in row.items() if name not in gone] for row in lines(tmp_path / "cells.csv")]
        columns = [name for name in cells_rows(named)[0] if name not in gone]
        write_csv(tmp_path / "old.csv", columns, rows)
        second = read_cells(tmp_path / "old.csv")[1]
        assert second.naming is None
        assert second.counts() == named[1].counts()
