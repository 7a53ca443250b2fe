"""What a project says of the cells of a pool, as arrays; nothing here is kept twice."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.choosing import random_cells
from napari_hemalens.active_learning.known_labels import known_ids
from napari_hemalens.projects.decisions import Decision, DecisionKind
from napari_hemalens.projects.project import Project
from napari_hemalens.records.taught_cells import TaughtCells

NO_CLASS = -1
"""In place of the index of a class: none."""


class PoolLabels:
    """The labels of N cells.

    Parameters
    ----------
    project : Project
        Open.
    cells : TaughtCells
        The pool.

    Attributes
    ----------
    random : (M,) int64
        Rows of the cells held back for the test, in the order in which they are shown.
    """

    def __init__(self, project: Project, cells: TaughtCells) -> None:
        self._project, self._cells = project, cells
        self._ids = known_ids(cells, {each.cell: each for each in project.decisions})
        self._row_of = {id_: row for row, id_ in enumerate(self._ids.tolist())}
        self.random = random_cells(cells.ids, project.seed)
        self._is_random = np.zeros(len(cells), dtype=np.bool_)
        self._is_random[self.random] = True

    def row_of(self, cell: str) -> int | None:
        """Return the row of a cell by the id that decisions have; None: it is not in the pool."""
        return self._row_of.get(cell)

    @property
    def labelled(self) -> NDArray[np.int64]:
        """Rows (n,) of the cells that have a class, in the order in which they were labelled."""
        cells = self._project.decisions.labels
        return np.array([self._row_of[cell] for cell in cells if cell in self._row_of], dtype=np.int64)

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that nothing is trained on: the random ones, and those that were when labelled."""
        found = self._is_random.copy()
        for cell, decision in self._project.decisions.said.items():
            if cell in self._row_of:
                found[self._row_of[cell]] = decision.test
        return found

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class that a person gave each cell (N,): index into the project's classes, or -1."""
        found = np.full(len(self._cells), NO_CLASS, dtype=np.int64)
        place = {id_: index for index, id_ in enumerate(self._project.classes.ids)}
        for cell, decision in self._project.decisions.labels.items():
            if cell in self._row_of:
                found[self._row_of[cell]] = place[decision.class_id]
        return found

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells of which a person said 'not sure'."""
        found = np.zeros(len(self._cells), dtype=np.bool_)
        for cell, decision in self._project.decisions.said.items():
            if cell in self._row_of and decision.kind == "unsure":
                found[self._row_of[cell]] = True
        return found

    @property
    def said(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that have a label or are 'not sure'."""
        found = np.zeros(len(self._cells), dtype=np.bool_)
        found[[self._row_of[cell] for cell in self._project.decisions.said if cell in self._row_of]] = True
        return found

    @property
    def passed(self) -> NDArray[np.int64]:
        """How often each cell was passed over: (N,)."""
        found = np.zeros(len(self._cells), dtype=np.int64)
        for cell, times in self._project.decisions.skips.items():
            if cell in self._row_of:
                found[self._row_of[cell]] = times
        return found

    @property
    def candidates(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that may be chosen: neither random, nor passed over, and nothing was said of them."""
        candidates: NDArray[np.bool_] = ~self.said & ~self._is_random & (self.passed == 0)
        return candidates

    @property
    def counts(self) -> Mapping[str, int]:
        """Labels of each class of the project, in all its images, random cells included."""
        names = {each.id: each.name for each in self._project.classes}
        found = dict.fromkeys(names.values(), 0)
        for decision in self._project.decisions.labels.values():
            found[names[decision.class_id]] += 1
        return found

    def decision(self, kind: DecisionKind, row: int, name: str = "") -> Decision:
        """Return what is written down when a person says something of a cell.

        Raises
        ------
        RecipeError
            If the project has no class of that name.
        """
        of = self._project.classes.named(name) if kind == "label" else None
        cell, cells = str(self._ids[row]), self._cells
        before = self._project.decisions.said.get(cell)
        y0, x0, y1, x1 = cells.boxes[row].tolist()
        return Decision(
            kind=kind,
            cell=cell,
            class_id="" if of is None else of.id,
            class_name="" if of is None else of.name,
            image=cells.images[int(cells.image_index[row])].fingerprint,
            box=(y0, x0, y1, x1),
            test=bool(self._is_random[row]) if before is None else before.test,
            where="gallery" if before is None else before.where,
        )
