"""Classified cells as a person leaves them: what the classifier says, and the person's word beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.classified import UNCORRECTED, Classified


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedClasses:
    """The cells of one label image, and the classes that a person gave to some of them.

    Every method returns a new record, so that undoing is keeping the old one.

    Attributes
    ----------
    cells : Classified
        As the classifier says; no correction changes it.
    corrections : mapping of int to str
        The class that a person gave, by the number of the cell; also of cells that a run has not come to yet.
    observers : mapping of int to str
        Who gave it, by the number of the cell; those of whom it is not known are missing.
    """

    cells: Classified
    corrections: Mapping[int, str] = field(default_factory=dict)
    observers: Mapping[int, str] = field(default_factory=dict)

    @property
    def given(self) -> NDArray[np.int64]:
        """The class that a person gave each cell (N,): index into the names, or -1 for none."""
        given = np.full(len(self.cells), UNCORRECTED, dtype=np.int64)
        index = {name: number for number, name in enumerate(self.cells.names)}
        known = {cell: index[name] for cell, name in self.corrections.items() if name in index}
        ids = np.fromiter(known, dtype=np.int64, count=len(known))
        at = np.searchsorted(self.cells.ids, ids)
        here = at < len(given)
        here[here] = self.cells.ids[at[here]] == ids[here]
        given[at[here]] = np.fromiter(known.values(), dtype=np.int64, count=len(known))[here]
        return given

    @property
    def given_names(self) -> NDArray[np.str_]:
        """The same by name (N,): '' for none."""
        return np.array([*self.cells.names, ""], dtype=np.str_)[self.given]  # -1 is the last

    @property
    def current(self) -> Classified:
        """The cells with the last word on each: the person's, else the classifier's."""
        who = np.array([self.observers.get(cell, "") for cell in self.cells.ids.tolist()], dtype=np.str_)
        return self.cells.with_corrections(self.given, who)

    @property
    def n_corrections(self) -> int:
        """Cells whose class a person gave."""
        return int(np.count_nonzero(self.given != UNCORRECTED))

    def with_corrections(self, corrections: Mapping[int, str]) -> Self:
        """Give cells, by their numbers, the classes of a person; '' takes the word back."""
        merged = {cell: name for cell, name in {**self.corrections, **corrections}.items() if name}
        same = (cell for cell in self.observers if merged.get(cell) == self.corrections.get(cell))
        return replace(self, corrections=merged, observers={cell: self.observers[cell] for cell in same})

    def merge_run(self, found: Classified) -> Self:
        """Return the cells as another run sees them; a person's words stay."""
        return replace(self, cells=found)

    def least_certain(self) -> NDArray[np.int64]:
        """Return the rows that no person has reviewed, least certain first: (M,)."""
        order = np.argsort(-self.cells.entropy, kind="stable")
        rows: NDArray[np.int64] = order[self.given[order] == UNCORRECTED]
        return rows


def pooled(reviewed: Iterable[ReviewedClasses]) -> dict[str, int]:
    """Return how many cells of several images each class has, by the last word on each."""
    counts: dict[str, int] = {}
    for each in reviewed:
        for name, count in each.current.counts().items():
            counts[name] = counts.get(name, 0) + count
    return counts
