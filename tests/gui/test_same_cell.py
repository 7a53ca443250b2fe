"""The same cell as a box and as a label, by where it lies."""

import numpy as np

from napari_hemalens.gui.same_cell import Spot, box_of, label_of
from napari_hemalens.records.cell_map import CellMap

BOXES = np.array([[10, 10, 50, 50], [14, 14, 46, 46], [60, 60, 90, 90]], np.float32)


def disc(shape=(100, 100), middle=(29.5, 29.5), radius=16, number=7):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return ((y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2) * number


def test_of_several_boxes_the_one_that_fits_best_is_the_cell():
    labels = disc()
    assert box_of(Spot.of_label(labels, CellMap.from_labels(labels), 0), BOXES) == 1


def test_the_label_in_a_box_is_its_cell_and_no_label_is_none():
    labels = disc()
    cells = CellMap.from_labels(labels)
    assert label_of(Spot.of_box(BOXES[1]), labels, cells) == 0
    assert label_of(Spot.of_box(BOXES[2]), labels, cells) is None


def test_a_place_beside_all_boxes_is_no_cell():
    assert box_of(Spot.at(30, 30), BOXES) is not None
    assert box_of(Spot.at(5, 95), BOXES) is None
