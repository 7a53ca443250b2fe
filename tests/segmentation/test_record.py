"""What a segmentation holds, and what is measured of it."""

import numpy as np
import pytest

from napari_hemalens.segmentation.record import CellMeasures, Segmentation


def test_cells_are_measured_where_they_lie_in_the_image():
    labels = np.zeros((20, 30), dtype=np.int32)
    labels[2:6, 10:14], labels[10:12, 20:26] = 1, 2
    nuclei = np.zeros_like(labels)
    nuclei[3:5, 11:13] = 1
    cells = CellMeasures.from_segmentation(Segmentation(labels, nuclei, (100, 200, 120, 230)))
    assert len(cells) == 2
    assert cells.areas.tolist() == [16, 12]
    assert cells.nucleus_areas.tolist() == [4, 0]
    assert cells.centres == pytest.approx(np.array([[104, 212], [111, 223]]))


def test_nothing_has_no_measures():
    nothing = Segmentation(np.zeros((4, 4), dtype=np.int32), None, (0, 0, 4, 4))
    assert len(nothing) == len(CellMeasures.from_segmentation(nothing)) == 0
    assert CellMeasures.from_segmentation(nothing).nucleus_areas is None
