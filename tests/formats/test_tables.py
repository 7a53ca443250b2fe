"""Tables are read as any spreadsheet saves them, and written for all of them."""

import csv
import io
from collections.abc import Callable, Mapping

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import box_table, cell_table, named_cells, points, suggestions, via
from napari_hemalens.formats.class_names import read_class_names
from napari_hemalens.formats.csv import read_cells
from napari_hemalens.formats.tables import read_header, read_lines, read_rows, read_table, write_csv

TABLE = (("image", "class", "size"), ("Müller 1.png", "Stab; kernig", "12.5"), ("b, c.png", 'so "genannt"', "7"))


def saved(
    lines, *, parting=",", comma=False, encoding="utf-8", end="\r\n", empty=True, first="", quote=csv.QUOTE_MINIMAL
):
    """Return a table as a program saves it, an empty line within and one at the end."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=parting, lineterminator=end, quoting=quote)
    rows = [[value.replace(".", ",") if comma and is_number(value) else value for value in line] for line in lines]
    gap = [[""] * len(rows[0])] if empty else []
    writer.writerows([*rows[:2], *gap, *rows[2:], *gap])
    return (first + text.getvalue()).encode(encoding)


def is_number(value):
    return value.replace(".", "", 1).lstrip("-").isdigit()


PROGRAMS: Mapping[str, Callable[..., bytes]] = {
    "Excel, English": saved,
    "Excel, German": lambda lines: saved(lines, parting=";", comma=True, encoding="cp1252"),
    "Excel, German, UTF-8": lambda lines: saved(lines, parting=";", comma=True, encoding="utf-8-sig"),
    "Excel, Unicode text": lambda lines: saved(lines, parting="\t", comma=True, encoding="utf-16"),
    "Excel, sep=": lambda lines: saved(lines, parting=";", comma=True, first="sep=;\r\n"),
    "Excel, Macintosh": lambda lines: saved(lines, parting=";", comma=True, encoding="cp1252", end="\r"),
    "LibreOffice, all in quotes": lambda lines: saved(lines, comma=True, end="\n", quote=csv.QUOTE_ALL, empty=False),
    "an editor": lambda lines: saved(lines, parting="\t", end="\n", empty=False).rstrip(),
}


@pytest.fixture(params=PROGRAMS)
def save(request, tmp_path):
    """Save a table as one of the programs does."""

    def write(lines, name="table.csv"):
        (tmp_path / name).write_bytes(PROGRAMS[request.param](lines))
        return tmp_path / name

    return write


def test_a_table_is_the_same_whatever_saved_it(save):
    columns, rows = read_table(save(TABLE))
    assert (columns, read_header(save(TABLE))) == (["image", "class", "size"], ["image", "class", "size"])
    assert [[*row.values()][:2] for row in rows] == [[*line[:2]] for line in TABLE[1:]]
    assert [row["size"].replace(",", ".") for row in rows] == ["12.5", "7"]


def test_all_readers_read_what_any_program_saves(save):
    box = ("10.5", "2", "30", "22.5")
    (boxes,) = box_table.read(save([("Image", "Label", "xmin", "ymin", "xmax", "ymax"), ("a.png", "WBC", *box)]))
    (cells,) = read_cells(
        save(
            [("Image", "class", "score", "x0", "y0", "x1", "y1", "pixel_size_um"), ("a.png", "WBC", "0.5", *box, "0.1")]
        )
    )
    assert boxes.boxes.tolist() == cells.boxes.tolist() == [[2, 10.5, 22.5, 30]]
    assert (cells.scores.tolist(), cells.provenance.pixel_size_um) == ([0.5], 0.1)
    shape, kind = '{"name":"rect","x":10.5,"y":2,"width":19.5,"height":20.5}', '{"class":"WBC"}'
    columns = ("filename", "file_attributes", "region_shape_attributes", "region_attributes")
    assert via.read(save([columns, ("a.png", "{}", shape, kind)]))[0].boxes.tolist() == [[2, 10.5, 22.5, 30]]
    assert read_class_names(save([("name", "Class"), ("Stäbe", "band neutrophil")])) == {"Stäbe": "band neutrophil"}
    assert suggestions.read_named(save([("Image", "Cell", "Class"), ("a.png", "7", "x")])) == {"a.png": (7,)}
    known = cell_table.read(
        save([("image", *("x0", "y0", "x1", "y1"), "Pixel_size_um", "class"), ("a", *box, "0.1", "x")])
    )
    assert known.boxes.tolist() == [[2, 10.5, 22.5, 30]]
    np.testing.assert_allclose(known.pixel_sizes, 0.1)


def test_points_and_named_cells_are_read_as_any_program_saves_them(save, tmp_path):
    for folder in ("points", "images", "labels"):
        (tmp_path / folder).mkdir()
        iio.imwrite(tmp_path / folder / "a.png", np.full((9, 9), 3, dtype=np.uint8))
    save([("x", "y", "Class", "Diameter"), ("4.5", "3", "1", "2.5")], "points/a.csv")
    save([("Image", "Cell", "Class"), ("a.png", "3", "blast")], "train.csv")
    assert points.read(tmp_path)[0].boxes.tolist() == [[1.75, 3.25, 4.25, 5.75]]
    (named,) = named_cells.read(tmp_path, split="train")
    assert (named.ids.tolist(), named.class_names.tolist()) == ([3], ["blast"])


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ('a, b, c\n1, "2, 3", 4\n', ["a", "b", "c"], [["1", "2, 3", "4"]]),
        ("a,b\n 1,2\n", ["a", "b"], [[" 1", "2"]]),
        ('"a, b";c\n1;2\n', ["a, b", "c"], [["1", "2"]]),
        ("a\n1,5\n", ["a"], [["1"]]),
        ("\n\na,b\n,\n1\n1,2,3\n", ["a", "b"], [["1", ""], ["1", "2"]]),
        ("SEP=|\na|b\n1|2", ["a", "b"], [["1", "2"]]),
        ("", [], []),
    ],
)
def test_what_parts_values_is_seen_in_the_first_line(tmp_path, text, columns, lines):
    (tmp_path / "t.csv").write_text(text)
    header, rows = read_table(tmp_path / "t.csv")
    assert (header, [[*row.values()] for row in rows]) == (columns, lines)


def test_a_line_knows_where_it_stands_in_the_file(tmp_path):
    (tmp_path / "t.csv").write_text('sep=,\n\na,b\n1,"two\nlines"\n,\n3,4\n')
    assert [row.line for row in read_table(tmp_path / "t.csv")[1]] == [4, 7]


def test_a_table_without_a_header_is_read_line_by_line(tmp_path):
    (tmp_path / "t.csv").write_text("RBC;erythrocyte\n;\nPLT;platelet\n")
    assert read_lines(tmp_path / "t.csv") == [["RBC", "erythrocyte"], ["PLT", "platelet"]]


def test_a_column_that_is_missing_is_named_with_those_that_are_there(tmp_path):
    (tmp_path / "t.csv").write_text("Image;Klasse\na;b\n")
    with pytest.raises(
        AnnotationError, match=r"not a table of cells: it lacks the column 'class'; it has image, Klasse\."
    ):
        read_rows(tmp_path / "t.csv", ("image", "class"), "cells")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "'=1", "''+x"])
def test_a_text_that_a_spreadsheet_would_run_is_marked_and_read_back(tmp_path, text):
    write_csv(tmp_path / "a.csv", ("class", text), [(text, -1.5)])
    (found,) = written(tmp_path / "a.csv")
    assert found == {"class": f"'{text}", f"'{text}": "-1.5"}
    assert read_rows(tmp_path / "a.csv", ("class",), "cells") == [{"class": text, text: "-1.5"}]


@pytest.mark.parametrize("text", ["'tis", "a=b", "5'", ""])
def test_other_texts_are_written_as_they_are(tmp_path, text):
    write_csv(tmp_path / "a.csv", ("class", "n"), [(text, 1)])
    assert written(tmp_path / "a.csv")[0]["class"] == text
    assert read_rows(tmp_path / "a.csv", ("class",), "cells")[0]["class"] == text


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path):
    write_csv(tmp_path / "a.csv", ("image",), [("bad-\udce4.png",)])
    assert written(tmp_path / "a.csv") == [{"image": r"bad-\udce4.png"}]


def written(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
