"""What is measured of the cells of a label image."""

import numpy as np
import pytest

from napari_hemalens.records import cell_map
from napari_hemalens.records.cell_map import CellMap


def labels(kind=np.int32):
    """Cell 7 in a corner, and 70,000 as an L of three pixels."""
    made = np.zeros((20, 30), dtype=kind)
    made[:4, :6] = 7
    made[10, 12], made[11, 12:14] = (70_000,) * 2
    return made


def test_every_cell_is_measured_under_its_own_number():
    cells = CellMap.from_labels(labels())
    assert cells.ids.tolist() == [7, 70_000]
    assert cells.areas.tolist() == [24, 3]
    assert cells.boxes.tolist() == [[0, 0, 4, 6], [10, 12, 12, 14]]
    np.testing.assert_allclose(cells.centres, [[1.5, 2.5], [32 / 3, 37 / 3]])
    assert cells.at_border.tolist() == [True, False]
    np.testing.assert_allclose(np.pi * cells.diameters**2 / 4, [24, 3])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64, np.uint64])
def test_any_whole_type_will_do(kind):
    made = np.array([[0, 200], [200, 3]], dtype=kind)
    assert CellMap.from_labels(made).ids.tolist() == [3, 200]


def test_an_image_without_cells_has_none():
    cells = CellMap.from_labels(np.zeros((5, 5), dtype=np.uint8))
    assert len(cells) == 0
    assert cells.centres.shape == (0, 2)
    assert cells.boxes.shape == (0, 4)


@pytest.mark.parametrize("band", [1, 90, 10_000])
def test_cells_are_the_same_however_few_rows_are_read_at_once(band, monkeypatch):
    monkeypatch.setattr(cell_map, "_BAND", band)
    cells, y, x = CellMap.from_labels(labels()), *np.nonzero(labels() == 70_000)
    assert cells.areas.tolist() == [24, 3]
    assert cells.boxes.tolist() == [[0, 0, 4, 6], [10, 12, 12, 14]]
    assert cells.centres[1].tolist() == [y.sum() / 3, x.sum() / 3]


def test_a_whole_image_is_one_cell_as_it_would_be_measured():
    whole, measured = CellMap.whole((5, 8)), CellMap.from_labels(np.ones((5, 8), np.uint8))
    for name in ("labels", "ids", "centres", "areas", "boxes"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(measured, name), err_msg=name)
    assert whole.labels.strides == (0, 0)  # a whole slide takes no memory
