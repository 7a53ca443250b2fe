"""In which order a person looks at detected cells: unsure ones first, then those of the least certain class."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.review.boxes import ReviewedBoxes


class Place(NamedTuple):
    """Where a cell stands: places compare in the order of review.

    Attributes
    ----------
    group : int
        0 for unsure cells, which are walked through field by field; 1 for the others, the least certain first.
    major, minor : float
        Field and certainty, in that order for unsure cells, else the other way round.
    field, row : int
        Which cell it is.
    """

    group: int
    major: float
    minor: float
    field: int
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class ReviewOrder:
    """The nucleated cells on screen that nobody has named, in the order of review.

    Attributes
    ----------
    keys : (M, 5) float64
        The place of each, sorted.
    """

    keys: NDArray[np.float64]

    @classmethod
    def of_fields(
        cls, fields: Sequence[ReviewedBoxes], score_threshold: float, shown: Sequence[NDArray[np.bool_]] | None = None
    ) -> Self:
        """Return the order of the cells of several fields at a score; of those alone that are `shown`, a mask each."""
        on_screen = [field.visible(score_threshold) for field in fields]
        if shown is not None:
            on_screen = [visible & mask for visible, mask in zip(on_screen, shown, strict=True)]
        found = [_keys(index, field, on_screen[index]) for index, field in enumerate(fields)]
        keys = np.concatenate([np.zeros((0, 5)), *found])
        return cls(keys[np.lexsort(keys.T[::-1])])

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def unsure(self) -> int:
        """How many of the cells are unsure."""
        return int(np.count_nonzero(self.keys[:, 0] == 0))

    def after(self, place: Place | None) -> Place | None:
        """Return the place after one, whose cell need not be among them any more; None where there is no cell.

        The first follows the last, and as long as there are unsure cells, only they follow each other.
        """
        if len(self) == 0:
            return None
        among = range(self.unsure or len(self))
        at = 0 if place is None else bisect_right(among, place, key=self._place)
        return self._place(at % len(among))

    def _place(self, index: int) -> Place:
        group, major, minor, field, row = self.keys[index].tolist()
        return Place(int(group), major, minor, int(field), int(row))


def _keys(index: int, field: ReviewedBoxes, on_screen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the places of the cells of a field that wait to be looked at: (M, 5)."""
    cells, unsure = field.cells, field.cells.unsure
    nucleated = np.array([cell_class(name).nucleated for name in cells.names], dtype=np.bool_)[cells.classes]
    # A box that was moved has been looked at; what it holds, if that is unsure, has not been named.
    rows = np.flatnonzero(on_screen & nucleated & (~field.touched | unsure))
    certainty = np.where(np.isnan(cells.certainty), cells.scores, cells.certainty)[rows].astype(np.float64)
    fields = np.full(len(rows), index, dtype=np.float64)
    first = unsure[rows]
    columns = (~first, np.where(first, fields, certainty), np.where(first, certainty, fields), fields, rows)
    return np.stack([column.astype(np.float64) for column in columns], axis=1)
