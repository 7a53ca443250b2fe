"""Cells by class, as digital morphology shows them: least certain first, several selected and named at once. No Qt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

NO_CLASS = -1
"""In place of the index of a class: none."""

Whose: TypeAlias = Literal["all", "given", "predicted", "unsure"]


@dataclass(frozen=True, slots=True, eq=False)
class GalleryCells:
    """N cells, of one image or of many, whatever found them.

    Attributes
    ----------
    names : tuple of str
        The classes.
    classes : (N,) int64
        The class that counts, a person's or the network's: index into `names`, or -1.
    given : (N,) bool
        Whether a person gave it.
    certainty : (N,) float32
        Of the network, in 0-1; NaN where that is not known.
    sizes : (N,) float32
        To filter by: diameters in micrometres or pixels; NaN where that is not known.
    images, rows : (N,) int64
        Which image each cell is of, and which cell it is there.
    unsure : (N,) bool or None
        Whether it is unlike all that the network has learned from; None where nobody asked.
    sized_in : {'µm', 'px', ''}
        The unit of the sizes; '' where it is not said.
    """

    names: tuple[str, ...]
    classes: NDArray[np.int64]
    given: NDArray[np.bool_]
    certainty: NDArray[np.float32]
    sizes: NDArray[np.float32]
    images: NDArray[np.int64]
    rows: NDArray[np.int64]
    unsure: NDArray[np.bool_] | None = None
    sized_in: str = ""

    def __len__(self) -> int:
        return len(self.classes)

    def is_unsure(self) -> NDArray[np.bool_]:
        """Return which cells are unsure and named by nobody: (N,)."""
        return np.zeros(len(self), np.bool_) if self.unsure is None else self.unsure & ~self.given

    def said_of(self, cell: int) -> tuple[str, bool]:
        """Return the class of a cell, '' for none, and whether a person gave it."""
        of = self.classes[cell]
        return "" if of == NO_CLASS else self.names[of], bool(self.given[cell])

    def has_same_cells(self, other: "GalleryCells") -> bool:
        """Return whether these are the cells of another gallery in its order, whatever they are called."""
        return np.array_equal(self.images, other.images) and np.array_equal(self.rows, other.rows)


@dataclass(frozen=True, slots=True)
class GalleryFilter:
    """Which cells are shown.

    Attributes
    ----------
    only : tuple of str or None
        Classes; None: all. '' stands for cells without one.
    smallest, largest : float
        Bounds of the size, both included; a cell of unknown size is inside.
    whose : {'all', 'given', 'predicted', 'unsure'}
        Cells that a person named, cells that nobody did, those of them that are unsure, or all.
    most_certain : float
        Cells that nobody named are shown up to this certainty.
    """

    only: tuple[str, ...] | None = None
    smallest: float = 0.0
    largest: float = np.inf
    whose: Whose = "all"
    most_certain: float = 1.0

    def mask(self, cells: GalleryCells) -> NDArray[np.bool_]:
        """Return which cells pass: (N,)."""
        keep: NDArray[np.bool_] = ~((cells.sizes < self.smallest) | (cells.sizes > self.largest))  # NaN is shown
        keep &= cells.given | ~(cells.certainty > self.most_certain)  # NaN is not too certain
        if self.whose == "unsure":
            keep &= cells.is_unsure()
        elif self.whose != "all":
            keep &= cells.given == (self.whose == "given")
        if self.only is not None:
            wanted = [k for k, name in enumerate(cells.names) if name in self.only]
            keep &= np.isin(cells.classes, [*wanted, *([NO_CLASS] if "" in self.only else [])])
        return keep


@dataclass(frozen=True, slots=True, eq=False)
class GalleryGroup:
    """The cells of one class that are shown.

    Attributes
    ----------
    name : str
        The class; '' for none.
    cells : (n,) int64
        Indices into the cells of the gallery: those that nobody named, unsure ones and then the least certain first,
        then those that somebody did.
    """

    name: str
    cells: NDArray[np.int64]


@dataclass(slots=True)
class Gallery:
    """Which cells are shown in which order, and which of them are selected. All cells are indices into `cells`.

    Attributes
    ----------
    cells : GalleryCells
        All cells.
    filter : GalleryFilter
        Which of them are shown.
    groups : tuple of GalleryGroup
        By class, in the order of the classes; cells without a class last. Classes without cells are there, too.
    """

    cells: GalleryCells
    filter: GalleryFilter = field(default_factory=GalleryFilter)
    groups: tuple[GalleryGroup, ...] = ()
    _order: list[int] = field(default_factory=list)
    _place: dict[int, int] = field(default_factory=dict)
    _selected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._arrange()

    @property
    def order(self) -> Sequence[int]:
        """All cells that are shown, group after group."""
        return self._order

    @property
    def selected(self) -> tuple[int, ...]:
        """The selected cells, in the order in which they are shown."""
        return tuple(sorted(self._selected, key=self._place.__getitem__))

    def update(self, cells: GalleryCells) -> None:
        """Show cells with other classes or certainties, more or fewer of them; what is selected and shown stays so."""
        if not cells.has_same_cells(self.cells):
            before = self.cells
            chosen = {(int(before.images[cell]), int(before.rows[cell])) for cell in self._selected}
            places = zip(cells.images.tolist(), cells.rows.tolist(), strict=True) if chosen else ()
            self._selected = {cell for cell, place in enumerate(places) if place in chosen}
        self.cells = cells
        self._arrange()

    def show(self, chosen: GalleryFilter) -> None:
        """Show the cells that pass a filter; others are no longer selected."""
        self.filter = chosen
        self._arrange()

    def select_many(self, cells: Iterable[int]) -> None:
        """Select cells, as far as they are shown."""
        self._selected = {int(cell) for cell in cells if cell in self._place}

    def place_after(self, row: int, before: GalleryCells, order: Sequence[int]) -> int:
        """Return the place at which arrow keys go on once cells were named, or others are shown; -1: at the first cell.

        Parameters
        ----------
        row : int
            The place at which they were; -1: at none.
        before : GalleryCells
            The cells as they were.
        order : sequence of int
            Which of them were shown, as `order`.

        Returns
        -------
        int
            That of the same cell. Where it was named and has gone elsewhere, that of the cell ahead of it, so that the
            one behind it comes next; where it is no longer shown, that of the first selected cell, if there is one.
        """
        now = self.cells
        if now.has_same_cells(before):
            known = self._place
        else:
            cells = {(int(now.images[cell]), int(now.rows[cell])): place for cell, place in self._place.items()}
            keys = {cell: (int(before.images[cell]), int(before.rows[cell])) for cell in order[: row + 1]}
            known = {cell: cells[key] for cell, key in keys.items() if key in cells}
        if row < 0 or known.get(order[row]) == row:
            return row
        if order[row] not in known and self._selected:
            return min(self._place[cell] for cell in self._selected)
        stayed = (
            known[cell]
            for cell in reversed(order[: row + 1])
            if cell in known and before.said_of(cell) == now.said_of(self._order[known[cell]])
        )
        return next(stayed, -1)

    def counts(self) -> dict[str, int]:
        """Return how many cells of each class, '' for none, pass the filter, whichever classes are shown."""
        of = self.cells.classes[replace(self.filter, only=None).mask(self.cells)]
        numbers = np.bincount(of + 1, minlength=len(self.cells.names) + 1).tolist()  # cells without a class come first
        return dict(zip((*self.cells.names, ""), (*numbers[1:], numbers[0]), strict=True))

    def _arrange(self) -> None:
        cells = self.cells
        certainty = np.where(np.isnan(cells.certainty), -1.0, cells.certainty)
        order = np.lexsort((np.arange(len(cells)), certainty, ~cells.is_unsure(), cells.given))
        order = order[self.filter.mask(cells)[order]]
        of = cells.classes[order]
        self.groups = tuple(
            GalleryGroup(name, order[of == index]) for index, name in [*enumerate(cells.names), (NO_CLASS, "")]
        )
        self._order = [cell for group in self.groups for cell in group.cells.tolist()]
        self._place = {cell: place for place, cell in enumerate(self._order)}
        self.select_many(self._selected)
