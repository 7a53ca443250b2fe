"""Tables of classified cells hold what the records hold."""

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import cells_rows, summary_text, write_cells, write_summary
from napari_hemalens.reports.design import Sample


@pytest.fixture
def results() -> list[Classified]:
    """Two images of three and one nuclei."""
    return [record("x/a.tif", [0.9, 0.2, 0.5]), record("x/b.tif", [0.75])]


def record(image: str, positive: list[float], names: tuple[str, str] = ("micronucleus", "none")) -> Classified:
    p = np.array(positive, dtype=np.float32)
    n = len(p)
    return Classified(
        ids=np.arange(1, n + 1) * 40_000,
        probabilities=np.stack([p, 1 - p], axis=1),
        classes=np.where(p >= 0.5, 0, 1),
        names=names,
        centres=np.arange(2 * n, dtype=np.float64).reshape(n, 2),
        areas=np.full(n, 99),
        image_shape=(50, 60),
        provenance=Provenance(image=image),
    )


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_a_row_a_cell_with_its_number_probabilities_and_place(results: list[Classified], tmp_path: Path) -> None:
    write_cells(results, tmp_path / "cells.csv")
    rows = read(tmp_path / "cells.csv")
    assert list(rows[0]) == [
        *("image", "cell", "class", "p_micronucleus", "p_none"),
        *("entropy", "area", "centroid_y", "centroid_x"),
        *("corrected", "predicted_class", "predicted_score", "observer"),
    ]
    assert list(rows[1].values()) == [
        *("a.tif", "80000", "none", "0.2", "0.8", "0.7219", "99", "2.5", "3.5", "", "none", "0.8", ""),
    ]
    assert [row["image"] for row in rows] == ["a.tif"] * 3 + ["b.tif"]
    assert rows[2]["entropy"] == "1.0"


def test_what_a_person_said_is_the_class_and_is_marked(results: list[Classified], tmp_path: Path) -> None:
    corrections = [np.array([1, -1, 0]), None]
    write_cells(results, tmp_path / "cells.csv", corrections)
    rows = read(tmp_path / "cells.csv")
    assert [row["class"] for row in rows] == ["none", "none", "micronucleus", "micronucleus"]
    assert [row["corrected"] for row in rows] == ["class", "", "accepted", ""]
    predicted = ["micronucleus", "none", "micronucleus", "micronucleus"]
    assert [row["predicted_class"] for row in rows] == predicted
    assert [row["predicted_score"] for row in rows] == ["0.9", "0.8", "0.5", "0.75"]
    assert rows[0]["p_micronucleus"] == "0.9"
    already = [
        result.with_corrections(c) if c is not None else result for result, c in zip(results, corrections, strict=True)
    ]
    assert cells_rows(already) == cells_rows(results, corrections)


def test_the_cell_of_a_nucleus_is_told_where_there_are_cells(results: list[Classified], tmp_path: Path) -> None:
    write_cells(results, tmp_path / "cells.csv", cells=[np.array([5, 5, 0]), np.array([7])])
    assert [row["belongs_to"] for row in read(tmp_path / "cells.csv")] == ["5", "5", "0", "7"]


def test_images_without_cells_have_no_rows(tmp_path: Path) -> None:
    write_cells([record("a.tif", [])], tmp_path / "cells.csv")
    assert (tmp_path / "cells.csv").read_text(encoding="utf-8").count("\n") == 1


def test_one_table_holds_one_set_of_classes(results: list[Classified], tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="blast, normal and micronucleus, none"):
        write_cells([*results, record("c.tif", [0.5], ("blast", "normal"))], tmp_path / "cells.csv")
    assert not list(tmp_path.iterdir())


def test_the_summary_has_a_row_for_each_figure_of_each_group(results: list[Classified], tmp_path: Path) -> None:
    design = {"a": Sample("1", "0"), "b": Sample("1", "10")}
    found = summary(results, design=design)
    compared = found.compare("0", "10")
    write_summary(found, tmp_path / "summary.csv", compared)
    rows = read(tmp_path / "summary.csv")
    levels = ["image", "replicate", "concentration", "pooled", "comparison"]
    assert list(dict.fromkeys(row["level"] for row in rows)) == levels
    (rate,) = [row for row in rows if row["group"] == "0" and row["measure"] == "micronucleated nuclei per 1,000"]
    assert (rate["concentration"], rate["replicate"], rate["unit"]) == ("0", "", "nucleus")
    assert (rate["count"], rate["total"], rate["value"]) == ("2", "3", "666.6667")
    *counts, ratio, p = [row for row in rows if row["level"] == "comparison"]
    assert [(row["measure"], row["count"], row["total"]) for row in counts] == [
        ("micronucleated nuclei in 0", "2", "3"),
        ("micronucleated nuclei in 10", "1", "1"),
    ]
    assert (ratio["measure"], ratio["value"]) == ("odds ratio", "inf")
    assert float(p["value"]) == compared.p_value == 1


def test_the_text_says_the_figures_and_how_to_read_them(results: list[Classified]) -> None:
    found = summary(results, design={"a": Sample("1", "0"), "b": Sample("1", "10")})
    text = summary_text(found, found.compare("0", "10"))
    assert text.index("concentration 0\n") < text.index("concentration 10\n") < text.index("all images (2)\n")
    assert "micronucleated nuclei per 1,000  750.0 (300.6-954.4; 3 of 4)" in text
    assert "cannot be compared with the 2,000" in text
    assert "Fisher's exact test" in text
    assert text.endswith("For research use; not a diagnostic device.")


def test_micronuclei_are_a_column_of_what_counts_after_a_person_looked(
    results: list[Classified], tmp_path: Path
) -> None:
    counts = [np.array([2, 1, 0]), None]
    write_cells(results, tmp_path / "cells.csv", [np.array([-1, 0, 1]), None], micronuclei=counts)
    assert [row["micronuclei"] for row in read(tmp_path / "cells.csv")] == ["2", "1", "0", ""]
