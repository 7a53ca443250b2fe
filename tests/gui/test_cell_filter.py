"""Cells are left out by class and size, and what is left is said."""

import numpy as np
import pytest

from napari_hemalens.gui.cell_filter import CellFilter

NAMES, AREAS = np.array(["blast", "blast", "platelet"]), np.array([100, 400, 25])


@pytest.mark.parametrize(
    ("display", "kept", "said"),
    [
        (CellFilter(), [1, 1, 1], ""),
        (CellFilter("blast"), [1, 1, 0], "Shown: blast; all cells are counted."),
        (CellFilter(None, 4, 6), [1, 0, 0], "Shown: from 4 µm, up to 6 µm; all cells are counted."),
        (CellFilter("blast", smallest_um=6), [0, 1, 0], "Shown: blast, from 6 µm; all cells are counted."),
    ],
)
def test_cells_of_a_class_and_some_sizes_are_kept(display, kept, said):
    assert display.keeps(NAMES, AREAS, 0.5).tolist() == [bool(each) for each in kept]
    assert display.words == said


def test_without_a_pixel_size_no_size_is_left_out():
    assert CellFilter(None, 4, 6).keeps(NAMES, AREAS, None).all()
