"""How accuracy on the random cells grows with labels, and whether more of them still help.

All models of a curve are measured on the same cells, so that two of them differ by labels alone. Of a model with n
labels and one with half of them, the cells that only one names rightly tell them apart: their difference has the
interval of Agresti and Min 2005, doi:10.1002/sim.1781, which has a width even where no cell differs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning import linear
from napari_hemalens.records.differential import wilson_interval

LITTLE = 0.05
"""A gain in accuracy, by twice as many labels, that is not worth them."""

LEAST_TESTED = 20
"""Random cells below which nothing is said of a gain."""

_LEAST_LABELS = 40
_Z = 1.6448536269514722  # 95 % of a normal distribution lie below: a bound on one side


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy after some labels.

    Attributes
    ----------
    labels : int
        Labels trained on.
    correct, tested : int
        Random cells named rightly, of so many.
    """

    labels: int
    correct: int
    tested: int

    @property
    def accuracy(self) -> float:
        """Share of the random cells that are named rightly; NaN where there is none."""
        return self.correct / self.tested if self.tested else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval (Wilson)."""
        return wilson_interval(self.correct, self.tested)


@dataclass(frozen=True, slots=True)
class Gain:
    """What twice as many labels brought.

    Attributes
    ----------
    before, after : int
        Labels.
    gained, lost : int
        Random cells that only the model of more labels names rightly, or only that of fewer.
    tested : int
        Random cells in all.
    """

    before: int
    after: int
    gained: int
    lost: int
    tested: int

    @property
    def difference(self) -> float:
        """Gain in accuracy."""
        return (self.gained - self.lost) / self.tested

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of the gain, each of which holds with 95 % confidence."""
        gained, lost, tested = self.gained + 0.5, self.lost + 0.5, self.tested + 2
        middle = (gained - lost) / tested
        half = _Z * math.sqrt(gained + lost - (gained - lost) ** 2 / tested) / tested
        return middle - half, middle + half


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Accuracy on the random cells after some numbers of labels, and what the last doubling brought.

    Attributes
    ----------
    points : tuple of CurvePoint
        By ascending labels; the last is of all labels.
    gain : Gain or None
        None where it cannot be told yet.
    """

    points: tuple[CurvePoint, ...] = ()
    gain: Gain | None = None

    @property
    def saturated(self) -> bool:
        """Whether more labels no longer help: twice as many brought less than 5 points, with 95 % confidence."""
        return self.gain is not None and self.gain.bounds[1] < LITTLE

    @property
    def sentence(self) -> str:
        """What the curve says, for a person."""
        last = self.points[-1] if self.points else CurvePoint(0, 0, 0)
        gain = self.gain
        if gain is None:
            missing = [
                *([f"{_LEAST_LABELS} labels (now {last.labels})"] if last.labels < _LEAST_LABELS else []),
                *([f"{LEAST_TESTED} random cells (now {last.tested})"] if last.tested < LEAST_TESTED else []),
            ]
            return f"Whether more labels help can be told from {' and '.join(missing) or 'a few more labels'} on."
        low, high = gain.bounds
        brought = (
            f"from {gain.before:,} to {gain.after:,} labels, accuracy on {gain.tested} random cells changed by "
            f"{100 * gain.difference:+.0f} points ({100 * low:+.0f} to {100 * high:+.0f})"
        )
        if high < LITTLE:
            return f"More labels no longer help: {brought}."
        return f"More labels help: {brought}." if low > 0 else f"More labels may help: {brought}."


def steps_up_to(labels: int) -> tuple[int, ...]:
    """Return the numbers of labels at which a curve is drawn: 10, 15, 20, 30, 40, 60 and so on, and the last."""
    steps = [value for k in range(30) for value in (10 * 2**k, 15 * 2**k) if value < labels]
    return (*steps, labels) if labels else ()


class CurveDrawer:
    """Draws curves again and again as labels are added; a model is fitted once for each beginning of the labels.

    Parameters
    ----------
    placed : (N, E) float32
        All cells.
    """

    def __init__(self, placed: NDArray[np.float32]) -> None:
        self._placed = placed
        self._named: dict[bytes, NDArray[np.int64] | None] = {}

    def draw(
        self,
        trained: tuple[NDArray[np.int64], NDArray[np.int64]],
        tested: tuple[NDArray[np.int64], NDArray[np.int64]],
        classes: Sequence[str],
        last: linear.LinearModel | None,
    ) -> LearningCurve:
        """Return the curve.

        Parameters
        ----------
        trained, tested : ((n,) int64, (n,) int64)
            Rows of cells and their classes, those to train on in the order in which they were labelled.
        classes : sequence of str
            Ids of the classes that labels are indices of.
        last : LinearModel or None
            The model of all labels.
        """
        rows, labels = trained
        right: dict[int, NDArray[np.bool_]] = {}

        def fit_first(count: int) -> Callable[[], linear.LinearModel | None]:
            return lambda: linear.fit(self._placed[rows[:count]], labels[:count], len(classes))

        for count in steps_up_to(len(rows)):
            begun = rows[:count].tobytes() + labels[:count].tobytes() + "|".join(classes).encode()
            named = self._predict(begun, fit_first(count)) if count < len(rows) else self._named_by(last)
            if named is not None:
                right[count] = named[tested[0]] == tested[1]
        points = tuple(CurvePoint(count, int(each.sum()), len(each)) for count, each in right.items())
        return LearningCurve(points, _gain(right, len(rows)))

    def _predict(self, begun: bytes, fit: Callable[[], linear.LinearModel | None]) -> NDArray[np.int64] | None:
        if begun not in self._named:
            self._named[begun] = self._named_by(fit())
        return self._named[begun]

    def _named_by(self, model: linear.LinearModel | None) -> NDArray[np.int64] | None:
        if model is None:
            return None
        likeliest: NDArray[np.int64] = model.probabilities(self._placed).argmax(axis=1)
        return likeliest


def _gain(right: dict[int, NDArray[np.bool_]], labels: int) -> Gain | None:
    """Return what the last labels brought over the largest model of at most half as many."""
    half = [count for count in right if 2 * count <= labels]
    if labels < _LEAST_LABELS or labels not in right or not half or len(right[labels]) < LEAST_TESTED:
        return None
    before, after = right[half[-1]], right[labels]
    return Gain(half[-1], labels, int((after & ~before).sum()), int((before & ~after).sum()), len(after))
