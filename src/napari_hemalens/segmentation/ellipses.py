"""Detected cells as a label image: an ellipse in each box, closer to the cell's outline than the box."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import ellipse

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class


def nucleated_labels(cells: Detections) -> NDArray[np.int32]:
    """Return the nucleated cells as labels (H, W): cell i is number i + 1, small cells over large ones."""
    rows = np.flatnonzero([cell_class(str(name)).nucleated for name in cells.class_names])
    return ellipses(cells.boxes[rows], rows + 1, cells.image_shape)


def ellipses(boxes: NDArray[np.float32], numbers: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return labels (H, W) with a numbered ellipse in each box (N, 4); small ones are drawn over large ones."""
    labels = np.zeros(shape, dtype=np.int32)
    order = np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(axis=1), kind="stable")
    for number, (y0, x0, y1, x1) in zip(numbers[order], boxes[order], strict=True):
        middle = ((y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2)  # pixel centres are whole numbers
        labels[ellipse(*middle, (y1 - y0) / 2, (x1 - x0) / 2, shape=shape)] = number
    return labels
