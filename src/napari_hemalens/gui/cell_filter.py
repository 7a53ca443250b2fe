"""Which cells are drawn, by class and size; all of them are counted. No Qt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name


@dataclass(frozen=True, slots=True)
class CellFilter:
    """Cells of one class, or of some sizes.

    Attributes
    ----------
    only : str or None
        One class, or all.
    smallest_um, largest_um : float or None
        Side of a square as large as the cell, in micrometres; None: any. Where no pixel size is known, all are shown.
    """

    only: str | None = None
    smallest_um: float | None = None
    largest_um: float | None = None

    def keeps(
        self, class_names: NDArray[np.str_], areas: NDArray[np.number], pixel_size_um: float | None
    ) -> NDArray[np.bool_]:
        """Return which cells are drawn, by their classes (N,) and their areas in square pixels (N,): (N,)."""
        kept = np.ones(len(areas), dtype=np.bool_)
        if self.only is not None:
            kept &= class_names == self.only
        if pixel_size_um is not None:
            sides = np.sqrt(areas) * pixel_size_um
            kept &= sides >= (self.smallest_um or 0)
            kept &= sides <= (np.inf if self.largest_um is None else self.largest_um)
        return kept

    @property
    def parts(self) -> tuple[str, ...]:
        """What is shown, each condition in words."""
        return self._class_and_sizes()

    def _class_and_sizes(self) -> tuple[str, ...]:
        parts = [] if self.only is None else [display_name(self.only)]
        parts += [] if self.smallest_um is None else [f"from {self.smallest_um:g} µm"]
        return tuple(parts if self.largest_um is None else [*parts, f"up to {self.largest_um:g} µm"])

    @property
    def words(self) -> str:
        """The same in a sentence; empty where nothing is left out."""
        return f"Shown: {', '.join(self.parts)}; all cells are counted." if self.parts else ""
