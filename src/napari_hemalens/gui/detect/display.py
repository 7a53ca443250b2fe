"""Which of the detected cells are drawn; all of them are counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.cell_filter import CellFilter
from napari_hemalens.review.boxes import ReviewedBoxes


@dataclass(frozen=True, slots=True)
class BoxFilter(CellFilter):
    """Boxes of one class, or of some sizes."""

    def shows(self, reviewed: ReviewedBoxes) -> NDArray[np.bool_]:
        """Return which cells are drawn (N,); those that a person drew always are, or they would vanish at once."""
        cells = reviewed.cells
        shown = self.keeps(cells.class_names, cells.areas, cells.provenance.pixel_size_um)
        return shown if shown.all() else shown | (reviewed.kinds == "drawn")
