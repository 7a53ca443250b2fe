"""Pictures of cells show them in the middle, at one scale where that is known."""

import numpy as np
import pytest

from napari_hemalens.workflows.cell_pictures import SIDE, WIDTH_UM, cut_pictures, picture_windows
from napari_hemalens.workflows.images import from_array

BOXES = np.array([[0, 0, 10, 20], [100, 100, 120, 120], [0, 0, 400, 300]], np.float32)


def test_windows_are_equally_wide_but_for_a_cell_that_is_larger() -> None:
    windows = picture_windows(BOXES, 0.22)
    widths = windows[:, 2:] - windows[:, :2]
    np.testing.assert_allclose(widths[:2], WIDTH_UM / 0.22)
    np.testing.assert_allclose(widths[2], 1.2 * 400)
    np.testing.assert_allclose((windows[:, :2] + windows[:, 2:]) / 2, [[5, 10], [110, 110], [200, 150]])


def test_without_a_pixel_size_typical_cells_fill_the_same_part() -> None:
    windows = picture_windows(BOXES, None)
    assert (windows[:2, 2] - windows[:2, 0]).tolist() == pytest.approx([50, 50])
    assert picture_windows(np.zeros((0, 4)), None).shape == (0, 4)


def test_pictures_come_with_the_background_beyond_the_edge() -> None:
    pixels = np.full((60, 60, 3), 230, np.uint8)
    pixels[:20, :20] = (200, 0, 0)
    windows = np.array([[-20.0, -20, 20, 20], [30, 30, 50, 50]])
    parts = cut_pictures(from_array(pixels), windows)
    pictures = {int(row): each for rows, found in parts for row, each in zip(rows, found, strict=True)}
    assert pictures[0].shape == (SIDE, SIDE, 3)
    assert pictures[0][50, 50].tolist() == [200, 0, 0]
    assert pictures[0][5, 5].tolist() == [230, 230, 230]
    assert (pictures[1] == 230).all()
