"""Boxes become labels: an ellipse in each, by its number."""

import numpy as np

from napari_hemalens.records.detections import Detections
from napari_hemalens.segmentation.ellipses import ellipses, nucleated_labels


def test_an_ellipse_fills_its_box_and_not_its_corners():
    labels = ellipses(np.array([[10, 20, 50, 100]], np.float32), np.array([7]), (60, 120))
    y, x = np.nonzero(labels)
    assert (y.min(), x.min(), y.max(), x.max()) == (10, 20, 49, 99)
    assert labels[11, 21] == 0
    np.testing.assert_allclose((labels == 7).sum(), np.pi * 20 * 40, rtol=0.02)


def test_a_small_cell_lies_on_a_large_one_whichever_comes_first():
    boxes = np.array([[40, 40, 60, 60], [0, 0, 100, 100]], np.float32)
    assert ellipses(boxes, np.array([1, 2]), (100, 100))[50, 50] == 1
    assert ellipses(boxes[::-1], np.array([2, 1]), (100, 100))[50, 50] == 1


def test_red_cells_and_platelets_are_no_labels():
    names = ("erythrocyte", "lymphocyte", "platelet")
    boxes = np.array([[0, 0, 20, 20], [30, 30, 60, 60], [70, 70, 80, 80]], np.float32)
    cells = Detections.from_arrays(boxes, [0.9, 0.8, 0.7], [0, 1, 2], names=names, image_shape=(100, 100))
    assert np.unique(nucleated_labels(cells)).tolist() == [0, 2]
