"""The cells of a label image: one number per cell, 0 for none."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_BAND = 2**22  # pixels that are measured at once: their places take many times the memory of their labels


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
        """Measure every cell of a label image (H, W) of integers, which is read a band of rows at a time."""
        high = max(1, _BAND // max(1, labels.shape[1]))
        bands = [_measured(labels[top : top + high], top) for top in range(0, max(1, labels.shape[0]), high)]
        found, areas, sums, near, far = (np.concatenate(each) for each in zip(*bands, strict=True))
        ids, index = np.unique(found, return_inverse=True)
        total = np.bincount(index, areas, len(ids)).astype(np.int64)
        boxes = np.empty((len(ids), 4), dtype=np.int64)
        boxes[:, :2], boxes[:, 2:] = max(labels.shape), 0
        np.minimum.at(boxes[:, :2], index, near)
        np.maximum.at(boxes[:, 2:], index, far)
        # Sums of whole numbers are exact in float64, whichever band they are of.
        centres = np.stack([np.bincount(index, along, len(ids)) / total for along in sums.T], axis=1)
        return cls(labels, ids, centres, total, boxes)

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


def _measured(labels: NDArray[Any], top: int) -> tuple[NDArray[Any], ...]:
    """Measure the parts of cells in a band (h, W) of labels whose first row is `top`.

    Returns
    -------
    ids : (n,) int64
        Their numbers.
    areas : (n,) int64
    sums : (n, 2) float64
        Of y and x of their pixels.
    near, far : (n, 2) int64
        Corners of their boxes.
    """
    y, x = np.nonzero(labels)
    ids, index = np.unique(labels[y, x], return_inverse=True)
    places = np.stack([y + top, x], axis=1)
    near, far = np.full((len(ids), 2), np.iinfo(np.int64).max), np.zeros((len(ids), 2), dtype=np.int64)
    np.minimum.at(near, index, places)
    np.maximum.at(far, index, places + 1)
    sums = np.stack([np.bincount(index, along, len(ids)) for along in places.T], axis=1)
    return ids.astype(np.int64), np.bincount(index, minlength=len(ids)), sums, near, far
