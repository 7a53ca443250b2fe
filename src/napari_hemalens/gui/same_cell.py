"""Whether a cell of one layer is a cell of another: by where they lie on their image. No Qt, no torch."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified

SHARED = 0.5
"""Share of the smaller of two outlines that lies in the other one, from which they are of one cell.

A nucleus is of the cell that it lies in; a red cell that touches a lymphocyte is not that lymphocyte.
"""

_SIDE = 25  # points along each side of what stands for a cell: enough to tell neighbours apart
_LEAST = 0.5  # half a side of a box in pixels: one without any is not divided by
_ROUND = np.pi / 4  # share of a box that the ellipse in it fills


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Where a cell is.

    Attributes
    ----------
    points : (M, 2) int64
        Pixels of the image, as y, x, evenly spread over the cell; at least one.
    area : float
        Of the cell in pixels.
    """

    points: NDArray[np.int64]
    area: float

    @classmethod
    def of_box(cls, box: NDArray[Any]) -> Self:
        """Return the spot of the ellipse in a box, given as y0, x0, y1, x1."""
        y0, x0, y1, x1 = (float(edge) for edge in box)
        across = (np.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
        y, x = (axis.ravel() for axis in np.meshgrid(across, across, indexing="ij"))
        inside = y**2 + x**2 <= 1
        middle, half = np.array([y0 + y1, x0 + x1]) / 2, np.array([y1 - y0, x1 - x0]) / 2
        points = middle + np.stack([y, x], axis=1)[inside] * half
        return cls(np.floor(points).astype(np.int64), (y1 - y0) * (x1 - x0) * _ROUND)

    @classmethod
    def at(cls, y: float, x: float) -> Self:
        """Return the spot of a single pixel, by a place in pixels whose middles are whole numbers."""
        return cls(np.array([[round(y), round(x)]], dtype=np.int64), 1.0)

    @classmethod
    def of_label(cls, labels: NDArray[Any], cells: CellMap | Classified, row: int) -> Self:
        """Return the spot of a cell of a label image (H, W), which is searched around the middle of the cell only."""
        number, area = int(cells.ids[row]), int(cells.areas[row])
        centre = cells.centres[row].round().astype(np.int64)
        reach = int(np.ceil(np.sqrt(area))) + 1  # a disc has 0.56 of that
        while True:
            near = np.maximum(centre - reach, 0)
            y, x = np.nonzero(labels[near[0] : centre[0] + reach + 1, near[1] : centre[1] + reach + 1] == number)
            if len(y) >= area or reach >= max(labels.shape):
                break
            reach *= 2  # a long cell, or one in pieces
        step = max(1, len(y) // _SIDE**2)
        points = np.stack([y, x], axis=1)[::step] + near
        return cls(points if len(points) else centre[None], float(area))


def box_of(spot: Spot, boxes: NDArray[np.float32]) -> int | None:
    """Return which of some boxes (N, 4) is of the cell at a spot: of several, the one that it fills best."""
    (top, left), (bottom, right) = spot.points.min(axis=0), spot.points.max(axis=0) + 1
    near = (boxes[:, 0] < bottom) & (boxes[:, 2] > top) & (boxes[:, 1] < right) & (boxes[:, 3] > left)
    rows = np.flatnonzero(near)
    y, x = spot.points.T[:, :, None] + 0.5  # middles of pixels: (M, 1)
    y0, x0, y1, x1 = boxes[rows].T  # (K,)
    middle_y, middle_x = (y0 + y1) / 2, (x0 + x1) / 2
    half_y, half_x = np.maximum((y1 - y0) / 2, _LEAST), np.maximum((x1 - x0) / 2, _LEAST)
    inside = ((y - middle_y) / half_y) ** 2 + ((x - middle_x) / half_x) ** 2 <= 1  # the ellipse in each: (M, K)
    return _best(rows, inside.mean(axis=0) * spot.area, spot.area, half_y * half_x * np.pi)


def label_of(spot: Spot, labels: NDArray[Any], cells: CellMap | Classified) -> int | None:
    """Return the row of the cell of a label image (H, W) that is at a spot: of several, the one that it fills best."""
    within = ((spot.points >= 0) & (spot.points < labels.shape)).all(axis=1)
    y, x = spot.points[within].T
    numbers, counts = np.unique(labels[y, x].astype(np.int64), return_counts=True)
    rows = np.searchsorted(cells.ids, numbers)
    rows = np.where(rows < len(cells.ids), rows, 0)
    known = (numbers != 0) & (cells.ids[rows] == numbers) if len(cells.ids) else np.zeros(len(numbers), dtype=bool)
    rows, shared = rows[known], counts[known] / len(spot.points) * spot.area
    return _best(rows, shared, spot.area, cells.areas[rows])


def _best(rows: NDArray[Any], shared: NDArray[Any], area: float, areas: NDArray[Any]) -> int | None:
    """Return the row whose outline agrees best with one of an area, given what they share; None where none does."""
    if not len(rows):
        return None
    agree = shared / (area + areas - shared)
    agree[shared < SHARED * np.minimum(area, areas)] = 0
    best = int(agree.argmax())
    return int(rows[best]) if agree[best] > 0 else None
