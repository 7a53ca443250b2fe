"""Corrections of a result by a person, with the network's predictions."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.progress import counted

KINDS = ("", "class", "box", "class+box", "drawn", "accepted")
"""Kinds of correction of a cell: none, another class, its box moved, both, drawn by hand, or its class confirmed."""

UNNAMED_KINDS = ("", "box")
"""Kinds of correction after which the class of a cell is still the network's."""

NOT_PREDICTED = -1
"""In place of a predicted class: the network found no cell there."""


def _no_boxes() -> NDArray[np.float32]:
    return np.empty((0, 4), dtype=np.float32)


def _no_classes() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


def _no_scores() -> NDArray[np.float32]:
    return np.empty(0, dtype=np.float32)


def no_names(number: int = 0) -> NDArray[np.str_]:
    """Return as many empty texts."""
    return np.full(number, "", dtype=np.str_)


@dataclass(frozen=True, slots=True, eq=False)
class Corrections:
    """The corrections of N cells, and M removed cells.

    Attributes
    ----------
    kinds : (N,) str
        One of `KINDS` per cell; '' where it is as predicted.
    predicted_classes : (N,) int64
        Predicted classes, as indices into the names of the record. -1 where the network found no cell (drawn), or where
        the record lacks the predicted class.
    predicted_scores : (N,) float32
        Predicted scores in 0-1; NaN where the network found no cell.
    removed_boxes : (M, 4) float32
        Deleted cells, as predicted: corners as y0, x0, y1, x1 in level-0 pixels.
    removed_classes : (M,) int64
        Their predicted classes, as indices into the names of the record.
    removed_scores : (M,) float32
        Their predicted scores.
    observers : (N,) str
        Who corrected each cell; '' where nobody did, or it is not known who.
    removed_observers : (M,) str
        Who deleted each of the removed cells.
    """

    kinds: NDArray[np.str_]
    predicted_classes: NDArray[np.int64]
    predicted_scores: NDArray[np.float32]
    removed_boxes: NDArray[np.float32] = field(default_factory=_no_boxes)
    removed_classes: NDArray[np.int64] = field(default_factory=_no_classes)
    removed_scores: NDArray[np.float32] = field(default_factory=_no_scores)
    observers: NDArray[np.str_] = field(default_factory=no_names)
    removed_observers: NDArray[np.str_] = field(default_factory=no_names)

    def __post_init__(self) -> None:
        """Take it that nobody is known where observers are not given, as in what older versions wrote."""
        for name, number in (("observers", len(self.kinds)), ("removed_observers", len(self.removed_scores))):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, no_names(number))

    @classmethod
    def none(cls, classes: NDArray[np.int64], scores: NDArray[np.float32]) -> Self:
        """Return the record of cells that are all as predicted."""
        return cls(np.full(len(classes), "", dtype="<U9"), classes, scores)

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def corrected(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that a person changed, drew or confirmed."""
        corrected: NDArray[np.bool_] = self.kinds != ""
        return corrected

    def counts(self) -> dict[str, int]:
        """Return the number of cells by kind of correction, 'removed' included; kinds without cells are left out."""
        found = {kind: int(np.count_nonzero(self.kinds == kind)) for kind in KINDS[1:]}
        found["removed"] = len(self.removed_scores)
        return {kind: count for kind, count in found.items() if count}

    def observer_counts(self) -> dict[str, int]:
        """Return how many cells each observer corrected or removed, by name; others are of nobody who is known."""
        names = [*self.observers[self.corrected].tolist(), *self.removed_observers.tolist()]
        return dict(Counter(name for name in names if name))

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index; removed cells stay."""
        return replace(
            self,
            kinds=self.kinds[keep],
            predicted_classes=self.predicted_classes[keep],
            predicted_scores=self.predicted_scores[keep],
            observers=self.observers[keep],
        )

    def take_removed(self, keep: NDArray[np.bool_]) -> Self:
        """Return the record with only the removed cells selected by a mask (M,)."""
        return replace(
            self,
            removed_boxes=self.removed_boxes[keep],
            removed_classes=self.removed_classes[keep],
            removed_scores=self.removed_scores[keep],
            removed_observers=self.removed_observers[keep],
        )

    def map_classes(self, lookup: NDArray[np.int64]) -> Self:
        """Return the record in terms of other classes.

        Parameters
        ----------
        lookup : (K,) int64
            The new index of each of the K classes, -1 for none; removed cells without a class are dropped.
        """
        table = np.append(lookup, NOT_PREDICTED)  # the last entry maps -1
        result = replace(
            self,
            predicted_classes=table[self.predicted_classes],
            removed_classes=table[self.removed_classes],
        )
        return result.take_removed(result.removed_classes >= 0)

    def predicted_names(self, names: tuple[str, ...]) -> NDArray[np.str_]:
        """Return the predicted classes by name (N,), '' where the network found no cell."""
        return np.array([*names, ""], dtype=np.str_)[self.predicted_classes]  # -1 is the last

    def removed_cells(self, names: tuple[str, ...]) -> list[Mapping[str, object]]:
        """Return box, class and score of each removed cell, and who removed it, as plain values."""
        columns = (self.removed_boxes, self.removed_classes, self.removed_scores, self.removed_observers)
        return [
            {"box": [round(edge, 2) for edge in box], "class": names[index], "score": round(score, 4)}
            | ({"observer": observer} if observer else {})
            for box, index, score, observer in zip(*(column.tolist() for column in columns), strict=True)
        ]


class Correctable(ABC):
    """Cells that a person may correct: what was predicted of each, and who gave it another class.

    Attributes
    ----------
    names : tuple of str
        The classes that predictions are indices into.
    """

    __slots__ = ()

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Return how many cells each class has."""

    def __repr__(self) -> str:
        """Return what was found in a line: arrays of a thousand cells would fill a notebook."""
        classes = ", ".join(f"{number:,} {name}" for name, number in self.counts().items() if number)
        cells = sum(self.counts().values())
        return f"<{type(self).__name__} of {counted(cells, 'cell')}{f': {classes}' if classes else ''}>"

    names: tuple[str, ...]

    @property
    @abstractmethod
    def _corrections(self) -> Corrections:
        """The record of what was corrected; of nothing, where nothing was."""

    @property
    def correction_kinds(self) -> NDArray[np.str_]:
        """The kind of correction of each cell (N,): one of `KINDS`, '' for none."""
        return self._corrections.kinds

    @property
    def predicted_class_names(self) -> NDArray[np.str_]:
        """The predicted class of each cell by name (N,); '' where the network found none."""
        return self._corrections.predicted_names(self.names)

    @property
    def predicted_scores(self) -> NDArray[np.float32]:
        """The score or probability of the predicted class (N,), in 0-1; NaN where the network found none."""
        return self._corrections.predicted_scores

    @property
    def observers(self) -> NDArray[np.str_]:
        """Who corrected each cell (N,): '' where nobody did, or it is not known who."""
        return self._corrections.observers
