"""One person teaching one pool of cells: what is shown, what was said, and what the model makes of it. No threads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning import linear
from napari_hemalens.active_learning.choosing import Situation, choose, is_random_turn
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.learning_curve import CurveDrawer, LearningCurve
from napari_hemalens.active_learning.linear import LinearModel
from napari_hemalens.active_learning.pool_labels import NO_CLASS, PoolLabels
from napari_hemalens.active_learning.refitting import AHEAD, Refit, Refitted
from napari_hemalens.projects.decisions import Decision, DecisionKind
from napari_hemalens.projects.project import Project
from napari_hemalens.review.gallery import GalleryCells


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What the model makes of all cells, for colours.

    Attributes
    ----------
    classes : (N,) int64
        Likeliest class: index into the project's classes. -1 for random cells that have no label yet, which nobody
        should see named, and for all cells as long as there is no model.
    certainty : (N,) float32
        Its probability in 0-1; NaN where there is no class.
    """

    classes: NDArray[np.int64]
    certainty: NDArray[np.float32]


class TeachingSession:
    """A pool of cells of an open project. Whatever is said is in the project's journal when a method returns.

    After labels, `refit` brings the model up to date, at once or in three parts: `prepare_refit` here, `Refit.run`
    anywhere, `accept` here.

    Parameters
    ----------
    project : Project
        Open, with classes.
    embedded : Embedded
        The pool.
    strategy : str
        A key of `acquisition.STRATEGIES`: how cells are chosen once there are enough labels to begin with.

    Attributes
    ----------
    pool : PoolLabels
        What was said of the cells, as arrays.
    curve : LearningCurve
        Accuracy on the random cells, as of the last refit.
    """

    def __init__(self, project: Project, embedded: Embedded, *, strategy: str = "margin-diversity") -> None:
        self.project, self.embedded, self._strategy = project, embedded, strategy
        self.curve = LearningCurve()
        self._placed = linear.place(embedded.vectors)
        self._drawer = CurveDrawer(self._placed)
        self.pool = PoolLabels(project, embedded.cells)
        self._refitted: Refitted | None = None
        self._queue: list[int] = []
        self._version = 0
        self._by_queue = True
        if not project.read_only:
            project.remember_images(embedded.cells.images)
        self._current = self._next()

    def __len__(self) -> int:
        return len(self.embedded)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The project's classes."""
        return self.project.classes.names

    @property
    def current(self) -> int | None:
        """The row of the cell that is shown; None: nothing is left to show."""
        return self._current

    @property
    def shows_random_cell(self) -> bool:
        """Whether the cell that is shown is one of the random ones."""
        return self._current is not None and bool(self.pool.is_test[self._current])

    @property
    def awaits_model(self) -> bool:
        """Whether there are labels, as of a project that was opened again, to which nothing was fitted yet."""
        return self._refitted is None and bool((self.pool.labels >= 0).any())

    @property
    def model(self) -> LinearModel | None:
        """The model of the last refit, of the project's classes as they were then; None: there is none yet."""
        return None if self._refitted is None else self._refitted.model

    @property
    def probabilities(self) -> NDArray[np.float32] | None:
        """Probabilities (N, K) of the project's classes, as of the last refit; None: there is no model yet.

        A class that was added since has the probability 0.
        """
        if self._refitted is None or self._refitted.probabilities is None:
            return None
        found = np.zeros((len(self), len(self.project.classes)), dtype=np.float32)
        for index, id_ in enumerate(self.project.classes.ids):
            if id_ in self._refitted.classes:
                found[:, index] = self._refitted.probabilities[:, self._refitted.classes.index(id_)]
        return found

    @property
    def predictions(self) -> Predictions:
        """The likeliest class of each cell."""
        found = self.probabilities
        classes = np.full(len(self), NO_CLASS, dtype=np.int64)
        certainty = np.full(len(self), np.nan, dtype=np.float32)
        if found is not None and found.shape[1]:
            shown = ~(self.pool.is_test & (self.pool.labels == NO_CLASS))
            classes[shown], certainty[shown] = found[shown].argmax(axis=1), found[shown].max(axis=1)
        return Predictions(classes, certainty)

    @property
    def gallery_cells(self) -> GalleryCells:
        """The cells for a gallery: by a person's class, else the model's; random cells without a label have none."""
        predictions, labels = self.predictions, self.pool.labels
        cells = self.embedded.cells
        given = labels != NO_CLASS
        return GalleryCells(
            names=self.project.classes.names,
            classes=np.where(given, labels, predictions.classes),
            given=given,
            certainty=predictions.certainty,
            sizes=cells.diameters_um,
            images=cells.image_index,
            rows=np.arange(len(cells)),
            sized_in="µm",
        )

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self.project.decisions.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to make again."""
        return bool(self.project.decisions.undone)

    @property
    def is_up_to_date(self) -> bool:
        """Whether the model knows all labels."""
        return self._refitted is not None and self._refitted.version == self._version

    def label(self, name: str) -> None:
        """Give the cell that is shown a class, and go on to the next.

        Raises
        ------
        RecipeError
            If the project has no such class.
        """
        self._say_of_current("label", name)

    def not_sure(self) -> None:
        """Say that the cell that is shown cannot be told: it is neither trained on nor counted, nor shown again."""
        self._say_of_current("unsure")

    def skip(self) -> None:
        """Pass over the cell that is shown; it comes back when no other is left."""
        self._say_of_current("skip")

    def go_to(self, row: int) -> None:
        """Show a cell of the person's choice."""
        self._current, self._by_queue = int(row), False

    def go_on(self) -> None:
        """Show the cell whose turn it is."""
        self._current, self._by_queue = self._next(), True

    def label_rows(self, rows: Sequence[int], name: str) -> None:
        """Give several cells a class, in one step.

        Raises
        ------
        RecipeError
            If the project has no such class.
        """
        self._decide([self.pool.decision("label", row, name) for row in rows])

    def clear_rows(self, rows: Sequence[int]) -> None:
        """Take back what was said of several cells, in one step."""
        self._decide([self.pool.decision("clear", row) for row in rows])

    def undo(self) -> None:
        """Take the last step back; a cell that was shown then is shown again."""
        step = self.project.undo()
        self._version += 1
        row = self.pool.row_of(step[0].cell) if step and step[0].where == "queue" else None
        if row is not None:
            self._current, self._by_queue = row, True

    def redo(self) -> None:
        """Make the step again that was taken back, and go on."""
        self.project.redo()
        self._version += 1
        self.go_on()

    def prepare_refit(self) -> Refit:
        """Return all that a refit needs of this moment."""
        labels, test, said = self.pool.labels, self.pool.is_test, self.pool.said
        rows = self.pool.labelled
        train, tested = rows[~test[rows]], rows[test[rows]]
        last = self._refitted
        same = last is not None and last.classes == self.project.classes.ids
        return Refit(
            placed=self._placed,
            classes=self.project.classes.ids,
            rows=train,
            labels=labels[train],
            test_rows=tested,
            test_labels=labels[tested],
            said=said & ~test,
            candidates=self.pool.candidates,
            start=last.model if last is not None and same else None,
            drawer=self._drawer,
            version=self._version,
            strategy=self._strategy,
        )

    def accept(self, refitted: Refitted) -> None:
        """Take what a refit found; the cell that is shown stays."""
        self._refitted, self.curve = refitted, refitted.curve
        self._queue = refitted.queue.tolist()
        if self._current is None:
            self.go_on()

    def refit(self) -> None:
        """Bring the model up to date, here and now."""
        self.accept(self.prepare_refit().run())

    def contradicted(self) -> NDArray[np.int64]:
        """Return the cells whose label a model contradicts that was not told it; see `Refit.contradicted`."""
        return self.prepare_refit().contradicted()

    def _next(self) -> int | None:
        """Return the cell whose turn it is: a random one, one that was chosen, and at the end those passed over."""
        said, passed = self.pool.said, self.pool.passed
        open_ = ~said & (passed == 0)
        random = [row for row in self.pool.random.tolist() if open_[row]]
        shown = [each.test for each in self.project.decisions.said.values() if each.where == "queue"]
        if random and is_random_turn(len(shown), sum(shown)):
            return int(random[0])
        if not any(open_[row] for row in self._queue):
            self._queue = self._chosen()
        chosen = [row for row in self._queue if open_[row]]
        if chosen or random:
            return int((chosen or random)[0])
        left = np.flatnonzero(~said)
        return int(left[passed[left].argmin()]) if len(left) else None

    def _chosen(self) -> list[int]:
        """Return the next cells as the last model would have it, where a person was faster than the next one."""
        last = self._refitted
        seen = last.probabilities if last is not None else None
        labels = np.where(self.pool.is_test, NO_CLASS, self.pool.labels)
        if last is not None and seen is not None and last.classes != self.project.classes.ids:
            seen = None  # labels and columns would not be of the same classes
        situation = Situation(self._placed, seen, labels, self.pool.said & ~self.pool.is_test, self.pool.candidates)
        found: list[int] = choose(situation, AHEAD, self._strategy).tolist()
        return found

    def _say_of_current(self, kind: DecisionKind, name: str = "") -> None:
        if self._current is not None:
            said = self.pool.decision(kind, self._current, name)
            self.project.decide([replace(said, where="queue") if self._by_queue else said])
            self._version += 1
            self.go_on()

    def _decide(self, decisions: Sequence[Decision]) -> None:
        self.project.decide(decisions)
        self._version += 1
        if self._current is not None and self._by_queue and self.pool.said[self._current]:
            self.go_on()
