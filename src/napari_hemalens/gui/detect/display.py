"""Which of the detected cells are drawn; all of them are counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name
from napari_hemalens.review.boxes import ReviewedBoxes


@dataclass(frozen=True, slots=True)
class BoxFilter:
    """Cells of one class, or of some sizes.

    Attributes
    ----------
    only : str or None
        One class, or all.
    smallest_um, largest_um : float or None
        Side of a square as large as the box, in micrometres; None: any. Where no pixel size is known, all are shown.
    """

    only: str | None = None
    smallest_um: float | None = None
    largest_um: float | None = None

    def shows(self, reviewed: ReviewedBoxes) -> NDArray[np.bool_]:
        """Return which cells are drawn (N,); those that a person drew always are, or they would vanish at once."""
        cells = reviewed.cells
        shown = np.ones(len(cells), dtype=np.bool_)
        if self.only is not None:
            shown &= cells.class_names == self.only
        size = cells.provenance.pixel_size_um
        if size is not None:
            sides = np.sqrt(cells.areas) * size
            shown &= sides >= (self.smallest_um or 0)
            shown &= sides <= (np.inf if self.largest_um is None else self.largest_um)
        return shown if shown.all() else shown | (reviewed.kinds == "drawn")

    @property
    def words(self) -> str:
        """What is shown, in a sentence; empty where nothing is left out."""
        parts = [] if self.only is None else [display_name(self.only)]
        parts += [] if self.smallest_um is None else [f"from {self.smallest_um:g} µm"]
        parts += [] if self.largest_um is None else [f"up to {self.largest_um:g} µm"]
        return f"Shown: {', '.join(parts)}; all cells are counted." if parts else ""
