"""Nuclei are assigned to cells that are given, or in pairs."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.workflows.labels import assign_nuclei, pair_nuclei


@pytest.fixture
def nuclei() -> CellMap:
    """Two discs side by side, and one alone."""
    labels, (y, x) = np.zeros((120, 160), np.int32), np.mgrid[:120, :160]
    for number, (cy, cx) in enumerate([(30, 30), (30, 56), (90, 130)], start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < 12**2] = number
    return CellMap.from_labels(labels)


def test_a_nucleus_is_of_the_cell_that_it_lies_in_or_of_none(nuclei: CellMap) -> None:
    cells = np.zeros((120, 160), np.uint8)
    cells[10:50, 10:75] = 7
    assert assign_nuclei(nuclei, cells).tolist() == [7, 7, 0]


def test_cells_of_another_image_are_refused(nuclei: CellMap) -> None:
    with pytest.raises(AnnotationError, match="60 x 80 pixels do not fit an image of 120 x 160"):
        assign_nuclei(nuclei, np.ones((60, 80), np.uint8))


def test_neighbours_become_a_pair_and_their_cell_is_drawn(nuclei: CellMap) -> None:
    cells, drawn = pair_nuclei(nuclei)
    assert cells[0] == cells[1] != cells[2]
    assert drawn.shape == (120, 160)
    for number, (y, x) in zip(cells, ((30, 30), (30, 56), (90, 130)), strict=True):
        assert drawn[y, x] == number
    assert set(np.unique(drawn)) == {0, *cells.tolist()}
