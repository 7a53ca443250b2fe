"""What happens after every label: a model of all labels, names for all cells, the next cells, the curve.

A `Refit` holds all it needs and touches no session, so that it can run beside one; what it returns, the session takes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning import linear
from napari_hemalens.active_learning.choosing import Situation, choose
from napari_hemalens.active_learning.learning_curve import CurveDrawer, LearningCurve
from napari_hemalens.active_learning.linear import LinearModel

AHEAD = 12
"""Cells that are chosen at once: a person may be faster than the model."""

# From which a label is shown again: so many times as likely as its class is another. Of 60 to 320 labels of marrow,
# one in twenty of them wrong, half to five sixths of the wrong ones are found so, and 10 to 23 % of all are shown.
_DOUBT = 1.5

_LEAST = 1e-6  # probability


@dataclass(frozen=True, slots=True, eq=False)
class Refitted:
    """What came out.

    Attributes
    ----------
    classes : tuple of str
        Ids of the classes.
    model : LinearModel or None
        None where fewer than two classes have a label.
    probabilities : (N, K) float32 or None
        Of all cells.
    queue : (M,) int64
        Rows of the cells to show next.
    curve : LearningCurve
        Accuracy on the random cells.
    version : int
        Of the labels.
    """

    classes: tuple[str, ...]
    model: LinearModel | None
    probabilities: NDArray[np.float32] | None
    queue: NDArray[np.int64]
    curve: LearningCurve
    version: int


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """The labels of a moment.

    Attributes
    ----------
    placed : (N, E) float32
        All cells, of `linear.place`.
    classes : tuple of str
        Ids of the K classes.
    rows, labels : (n,) int64
        Cells to train on, in the order in which they were labelled, and their classes.
    test_rows, test_labels : (m,) int64
        The random cells that have a label, and their classes.
    said, candidates : (N,) bool
        As in `Situation`.
    start : LinearModel or None
        Of fewer labels.
    drawer : CurveDrawer
        Keeps the models of the curve.
    version : int
        Tells the labels of this moment from later ones.
    strategy : str
        A key of `acquisition.STRATEGIES`.
    """

    placed: NDArray[np.float32]
    classes: tuple[str, ...]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    test_rows: NDArray[np.int64]
    test_labels: NDArray[np.int64]
    said: NDArray[np.bool_]
    candidates: NDArray[np.bool_]
    start: LinearModel | None
    drawer: CurveDrawer
    version: int
    strategy: str = "margin-diversity"

    def run(self) -> Refitted:
        """Fit, name all cells, choose the next ones, draw the curve."""
        model = linear.fit(self.placed[self.rows], self.labels, len(self.classes), self.start)
        probabilities = None if model is None else model.probabilities(self.placed)
        labels = np.full(len(self.placed), -1, dtype=np.int64)
        labels[self.rows] = self.labels
        seen = None if model is None or probabilities is None else probabilities[:, model.seen]
        known = labels if model is None else np.append(np.cumsum(model.seen) - 1, -1)[labels]
        queue = choose(Situation(self.placed, seen, known, self.said, self.candidates), AHEAD, self.strategy)
        tested = (self.test_rows, self.test_labels)
        curve = self.drawer.draw((self.rows, self.labels), tested, self.classes, model)
        return Refitted(self.classes, model, probabilities, queue, curve, self.version)

    def contradicted(self) -> NDArray[np.int64]:
        """Return rows of cells whose label a model contradicts that was not told it, the clearest first: (n,).

        Random cells are not among them: a label that was looked at again because a model disagrees would no longer
        test it. Nor are cells of a class with fewer than three labels, of which the model knows too little.
        """
        counts = np.bincount(self.labels, minlength=len(self.classes))
        found: list[tuple[float, int]] = []
        held_out = linear.held_out_probabilities(self.placed[self.rows], self.labels, len(self.classes))
        for at, probabilities in held_out:
            own = probabilities[np.arange(len(at)), self.labels[at]]
            lead = probabilities.max(axis=1) / np.maximum(own, _LEAST)
            doubtful = (lead >= _DOUBT) & (counts[self.labels[at]] > 2)
            found += zip(lead[doubtful].tolist(), self.rows[at[doubtful]].tolist(), strict=True)
        return np.array([row for _, row in sorted(found, key=lambda each: -each[0])], dtype=np.int64)
