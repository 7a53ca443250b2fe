"""The cells of a label image: one number per cell, 0 for none."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class CellMap:
    """A label image, with measures of each of its cells.

    Attributes
    ----------
    labels : (H, W) int
        The number of the cell that a pixel belongs to, 0 for none; any integer type, any numbers.
    ids : (N,) int64
        The numbers in use, ascending.
    centres : (N, 2) float64
        Centroids as y, x in pixels; pixel centres are whole numbers (as in scikit-image and napari).
    areas : (N,) int64
        In pixels.
    boxes : (N, 4) int64
        Corners as y0, x0, y1, x1; the far edge is excluded.
    """

    labels: NDArray[Any]
    ids: NDArray[np.int64]
    centres: NDArray[np.float64]
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]

    @classmethod
    def from_labels(cls, labels: NDArray[Any]) -> Self:
        """Measure every cell of a label image (H, W) of integers."""
        y, x = np.nonzero(labels)
        ids, index = np.unique(labels[y, x], return_inverse=True)
        areas = np.bincount(index, minlength=len(ids))
        centres = np.stack([np.bincount(index, along, len(ids)) / areas for along in (y, x)], axis=1)
        boxes = np.empty((len(ids), 4), dtype=np.int64)
        for column, along in enumerate((y, x)):
            near, far = np.full(len(ids), max(labels.shape)), np.zeros(len(ids), dtype=np.int64)
            np.minimum.at(near, index, along)
            np.maximum.at(far, index, along + 1)
            boxes[:, column], boxes[:, column + 2] = near, far
        return cls(labels, ids.astype(np.int64), centres, areas, boxes)

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Self:
        """Return an image (H, W) as one cell, numbered 1, without a label image in memory."""
        height, width = shape
        return cls(
            labels=np.broadcast_to(np.uint8(1), shape),
            ids=np.array([1], dtype=np.int64),
            centres=np.array([[(height - 1) / 2, (width - 1) / 2]]),
            areas=np.array([height * width], dtype=np.int64),
            boxes=np.array([[0, 0, height, width]], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return a subset of the cells, in the order of `rows`; the label image keeps all."""
        return type(self)(self.labels, self.ids[rows], self.centres[rows], self.areas[rows], self.boxes[rows])

    @property
    def diameters(self) -> NDArray[np.float64]:
        """Diameters (N,) in pixels of discs with the areas of the cells."""
        diameters: NDArray[np.float64] = 2 * np.sqrt(self.areas / np.pi)
        return diameters

    @property
    def at_border(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that touch the edge of the image."""
        y0, x0, y1, x1 = self.boxes.T
        height, width = self.labels.shape
        touching: NDArray[np.bool_] = (y0 == 0) | (x0 == 0) | (y1 == height) | (x1 == width)
        return touching
