"""Which of the detected cells are drawn, and which of them as points; all of them are counted."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.cell_filter import CellFilter
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.review.boxes import ReviewedBoxes

SmallCells: TypeAlias = Literal["many", "boxes", "points"]
"""How red cells and platelets are drawn: as points where there are many cells, always as boxes, or always as points."""

MANY = 2000
"""Cells beyond which red cells and platelets are points: napari takes longer over each box the more there are."""


def are_points(small: SmallCells, count: int, *, already: bool) -> bool:
    """Return whether red cells and platelets are drawn as points, where so many cells are drawn.

    Those that are `already` stay so down to half as many, or every move of the slider would draw all boxes anew.
    """
    return small == "points" or (small == "many" and count > (MANY // 2 if already else MANY))


def parted(reviewed: ReviewedBoxes, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of nucleated and unknown cells, and those of red cells and platelets."""
    cells = reviewed.cells
    large = np.array([cell_class(name).nucleated for name in cells.names], dtype=np.bool_)[cells.classes[rows]]
    return rows[large], rows[~large]


@dataclass(frozen=True, slots=True)
class BoxFilter(CellFilter):
    """Boxes of one class, or of some sizes."""

    def shows(self, reviewed: ReviewedBoxes) -> NDArray[np.bool_]:
        """Return which cells are drawn (N,); those that a person drew always are, or they would vanish at once."""
        cells = reviewed.cells
        shown = self.keeps(cells.class_names, cells.areas, cells.provenance.pixel_size_um)
        return shown if shown.all() else shown | (reviewed.kinds == "drawn")
