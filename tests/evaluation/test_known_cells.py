"""Cells of known place and class are looked for among all that is found, and what lies beside them does not count."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.known_cells import KnownCells, KnownCellsReport, nearest
from napari_hemalens.formats import cell_table, read_annotations
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections

NAMES = ("lymphocyte", "monocyte", "erythrocyte")


def table(names: list[str], laboratory: str = "north") -> CellTable:
    n = len(names)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (n, 1))
    texts = [np.array(column) for column in (names, [laboratory] * n, [f"block {k // 2}" for k in range(n)])]
    return CellTable(np.array(["a.png"] * n, object), boxes, np.full(n, 0.1, np.float32), *texts, np.array(["val"] * n))


@pytest.fixture
def known() -> KnownCells:
    """Two monocytes, one found as such; a neutrophil; a missed blast; a cell that nobody can name."""
    names = ["monocyte", "monocyte", "neutrophil", "blast", "unclassifiable"]
    called = np.array(["monocyte", "lymphocyte", "band_neutrophil", "", "monocyte"])
    return KnownCells(table(names), called, np.array([False, True, False, False, True]))


def test_the_nearest_nucleated_cell_over_the_centre_is_the_known_one() -> None:
    boxes = [[0, 0, 40, 40], [5, 5, 25, 27], [8, 8, 22, 22], [60, 60, 80, 80]]
    found = Detections.from_arrays(
        boxes, [0.9, 0.8, 0.7, 0.6], [0, 1, 2, 0], names=NAMES, recognised=NAMES, image_shape=(100, 100)
    )
    asked = np.array([[5, 5, 25, 25], [0, 0, 70, 70], [30, 60, 50, 80]], np.float32)
    at = nearest(found, asked)
    assert [None if k < 0 else found.boxes[k].tolist() for k in at] == [boxes[1], boxes[0], None]
    assert nearest(found.take(found.class_names == "erythrocyte"), asked).tolist() == [-1, -1, -1]
    assert nearest(found.take(np.zeros(4, bool)), asked).tolist() == [-1, -1, -1]


def test_a_broad_name_is_right_under_each_class_it_stands_for(known: KnownCells) -> None:
    assert known.right.tolist() == [True, False, True, False, False]
    assert known.recalls() == {"blast": 0, "monocyte": 0.5, "neutrophil": 1, "unclassifiable": 0}


def test_cells_that_nobody_can_name_are_found_but_not_named(known: KnownCells) -> None:
    assert known.share_found() == pytest.approx(4 / 5)
    assert known.named_right() == pytest.approx((0 + 0.5 + 1) / 3)
    assert known.share_unsure() == pytest.approx(2 / 4)
    assert np.isnan(known.take(known.cells.class_names == "unclassifiable").named_right())
    assert np.isnan(known.take(known.cells.class_names == "blast").share_unsure())


def test_the_report_says_what_each_laboratory_has(known: KnownCells, tmp_path: Path) -> None:
    report = KnownCellsReport("mine", "0", "none", "nucleated", "val", known)
    figures = report.figures()["north"]
    assert figures["cells"] == 5
    value, low, high = figures["found"]
    assert low <= value == 0.8 <= high
    assert "mine, named by none, on nucleated (val, 5 cells)" in report.text()
    assert "| north | 5 | 0.800" in report.text()
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["laboratories"]["north"]["cells"] == 5


def test_cells_of_a_sample_are_found_and_named(two_fields: Path, tmp_path: Path) -> None:
    cells = CellTable.join([of_field(field) for field in read_annotations(two_fields, split="val")])
    cell_table.write(cells, tmp_path / "cells.csv")
    recipe = DetectionRecipe(naming="none", device="cpu")
    report = finish(workflows.evaluate_known_cells_steps(tmp_path, recipe, split="val", out=tmp_path))
    assert report.cells.share_found() > 0.8
    assert report.cells.named_right() > 0.5
    assert (tmp_path / "report.md").is_file()
    with pytest.raises(
        AnnotationError, match=r"no cells of the part 'val' from Atlantis; it has the parts .*, and the lab"
    ):
        finish(workflows.evaluate_known_cells_steps(tmp_path, recipe, split="val", laboratories=["Atlantis"]))


def of_field(field: Detections) -> CellTable:
    """The nucleated cells of an annotated field."""
    white = field.take(~np.isin(field.class_names, ["erythrocyte", "platelet"]))
    names = table(white.class_names.tolist())
    images = np.array([field.provenance.image] * len(white), object)
    size = np.full(len(white), 0.15, np.float32)
    return CellTable(images, white.boxes, size, names.class_names, names.laboratories, names.blocks, names.parts)
