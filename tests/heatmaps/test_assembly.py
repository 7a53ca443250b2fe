"""Which cells are explained is said by their numbers."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.heatmaps.assembly import ChosenCells
from napari_hemalens.records.cell_map import CellMap

LABELS = np.array([[5, 5, 0, 9], [0, 0, 0, 9], [2, 2, 0, 0]], dtype=np.int32)


def test_all_cells_are_chosen_unless_some_are_named() -> None:
    cells = CellMap.from_labels(LABELS)
    assert ChosenCells(cells).rows().tolist() == [0, 1, 2]
    assert cells.ids[ChosenCells(cells, [9, 2]).rows()].tolist() == [2, 9]


def test_a_number_that_no_cell_has_is_refused() -> None:
    with pytest.raises(AnnotationError, match="No cell 3 in the labels, whose 3 cells have other numbers"):
        ChosenCells(CellMap.from_labels(LABELS), [2, 3]).rows()
