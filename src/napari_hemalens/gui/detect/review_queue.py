"""Where a person is among the cells that nobody has named, of all fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from napari_hemalens.gui.box_labels import describe
from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.review.box_order import Place, ReviewOrder


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is left to be looked at.

    Attributes
    ----------
    cells : int
        Nucleated cells on screen that nobody has named.
    unsure : int
        Those of them that are unsure.
    """

    cells: int = 0
    unsure: int = 0


class ReviewQueue:
    """Goes from one cell to the next, unsure ones first, then those of the least certain class.

    Attributes
    ----------
    display : BoxFilter
        Which cells are drawn: it goes to no others.
    looked_at : tuple of Field and int, or None
        The cell that it has come to last, as a row of the cells of a field.
    """

    def __init__(self) -> None:
        self.display = BoxFilter()
        self.looked_at: tuple[Field, int] | None = None
        self._place: Place | None = None

    def waiting(self, fields: Sequence[Field], score_threshold: float) -> Waiting:
        """Return how many cells are left."""
        order = self._order(fields, score_threshold)
        return Waiting(len(order), order.unsure)

    def advance(self, fields: Sequence[Field], score_threshold: float) -> tuple[Field, int] | None:
        """Go on to the next cell, from the last to the first; None where none is left."""
        order = self._order(fields, score_threshold)
        self._place = order.after(self._place)
        self.looked_at = None if self._place is None else (fields[self._place.field], self._place.row)
        return self.looked_at

    def _order(self, fields: Sequence[Field], score_threshold: float) -> ReviewOrder:
        cells = [f.cells for f in fields]
        return ReviewOrder.of_fields(cells, score_threshold, [self.display.shows(each) for each in cells])

    def status(self, fields: Sequence[Field]) -> str:
        """Return which cell was come to last, what the network says of it, and what a person did."""
        if self.looked_at is None:
            return ""
        f, row = self.looked_at
        if f not in fields or row >= len(f.cells.cells) or f.cells.removed[row]:
            return ""
        kind = str(f.cells.kinds[row])
        name = str(f.cells.cells.class_names[row])
        if kind in ("accepted", "class", "class+box"):
            said = "accepted" if kind == "accepted" else "corrected"
            return f"Cell {row + 1}: {display_name(name)}, {said}"
        return f"Cell {row + 1}: {describe(f.cells.cells, row)}"
