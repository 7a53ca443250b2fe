"""Cells looked at one after the other, least certain first."""

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name
from napari_hemalens.progress import counted
from napari_hemalens.records.classified import UNCORRECTED
from napari_hemalens.review.classes import ReviewedClasses

_EVEN = 0.5  # the threshold where the likelier of two classes counts


class ReviewQueue:
    """Where a person is among the cells that nobody has reviewed yet.

    Parameters
    ----------
    reviewed : ReviewedClasses
        The cells at the beginning.
    positive : str, optional
        The class that is looked for.
    threshold : float
        Its probability from which a cell is called so.
    shown : (N,) bool, optional
        Which cells it goes to, by default all.

    Attributes
    ----------
    reviewed : ReviewedClasses
        The cells now.
    at : int
        How many of them have been looked at.
    """

    def __init__(
        self,
        reviewed: ReviewedClasses,
        positive: str | None = None,
        threshold: float = _EVEN,
        shown: NDArray[np.bool_] | None = None,
    ) -> None:
        self.reviewed = reviewed
        self._positive, self._threshold = positive, threshold
        self.at = 0
        rows = reviewed.least_certain()
        self._rows = rows if shown is None else rows[shown[rows]]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def row(self) -> int | None:
        """The cell that is looked at, as a row of the cells; None once all were."""
        return int(self._rows[self.at]) if self.at < len(self) else None

    @property
    def cell(self) -> int | None:
        """Its number in the labels."""
        return None if self.row is None else int(self.reviewed.cells.ids[self.row])

    def assign(self, name: str) -> None:
        """Give the cell a class, and go on to the next."""
        if self.cell is not None and name in self.reviewed.cells.names:
            self.take(self.reviewed.with_corrections({self.cell: name}))

    def take(self, reviewed: ReviewedClasses) -> None:
        """Take the cells with what was said of them, also elsewhere; those that have been named are passed over."""
        self.reviewed = reviewed
        given = reviewed.given
        while self.row is not None and given[self.row] != UNCORRECTED:
            self.at += 1

    def skip(self) -> None:
        """Go on to the next cell, and say nothing of this one."""
        self.at += 1
        self.take(self.reviewed)

    def accept(self) -> None:
        """Confirm the class that the classifier predicts."""
        if self.row is not None:
            self.assign(str(self.reviewed.cells.class_names[self.row]))

    def go_back(self, reviewed: ReviewedClasses, at: int) -> None:
        """Return to where the review was, and to what had been said then."""
        self.reviewed, self.at = reviewed, at

    @property
    def status(self) -> str:
        """Which cell this is, and what the classifier predicts."""
        if self.row is None:
            reviewed = counted(len(self), "cell is", "cells are")
            return f"{reviewed} reviewed." if len(self) else "Every cell is reviewed already."
        cells = self.reviewed.cells
        place = f"{self.at + 1:,} of {len(self):,}"
        return f"{place}: cell {self.cell}, {self._prediction(self.row)}, entropy {cells.entropy[self.row]:.2f}"

    def _prediction(self, row: int) -> str:
        """Return class and probability, and from which one on a cell is called otherwise, if that is not a half."""
        cells = self.reviewed.cells
        name = str(cells.class_names[row])
        share = float(cells.probabilities[row, cells.classes[row]])
        if self._positive not in cells.names or self._threshold == _EVEN:
            return f"{display_name(name)} (p {share:.2f})"
        looked_for = float(cells.probabilities[row, cells.names.index(self._positive)])
        digits = _digits(looked_for, self._threshold)
        if name == self._positive:
            return f"{display_name(name)} (p {share:.{digits}f}, called so from {self._threshold:.{digits}f} on)"
        needed = f"{display_name(self._positive)} from {self._threshold:.{digits}f} on"
        return f"{display_name(name)} (p {share:.{digits}f}; {needed})"


def _digits(share: float, threshold: float) -> int:
    """Return how many decimals tell a probability from a threshold; two where they are told apart by that."""
    return next((digits for digits in (2, 3, 4) if round(share, digits) != round(threshold, digits)), 4)
