"""What the network said of each cell, kept beside every correction."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.corrections import NOT_PREDICTED
from napari_hemalens.records.detections import Detections


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What the network said of each cell, whatever a person did to it since.

    Attributes
    ----------
    boxes : (N, 4) float32
        y0, x0, y1, x1 in level-0 pixels; NaN where that is not known any more.
    classes : (N,) int64
        Index into the names of the cells; -1 where the network found no cell: a person drew it.
    scores : (N,) float32
        In 0-1; NaN where the network found no cell.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def from_run(cls, found: Detections) -> Self:
        """Return what a run, or a file of its corrected results, says of its cells."""
        changes = found.corrections
        if changes is None:
            return cls(found.boxes, found.classes, found.scores)
        moved = np.char.find(changes.kinds, "box") >= 0
        boxes = np.where(moved[:, None], np.float32(np.nan), found.boxes)
        return cls(boxes, changes.predicted_classes, changes.predicted_scores)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return those of the cells that a mask or an index picks."""
        return replace(self, boxes=self.boxes[keep], classes=self.classes[keep], scores=self.scores[keep])

    def append(self, other: "Predictions") -> Self:
        """Return these cells, then others."""
        return replace(
            self,
            boxes=np.concatenate([self.boxes, other.boxes]),
            classes=np.concatenate([self.classes, other.classes]),
            scores=np.concatenate([self.scores, other.scores]),
        )

    def append_drawn(self, boxes: NDArray[np.float32]) -> Self:
        """Return these cells, then some that only a person saw."""
        nothing = np.full(len(boxes), NOT_PREDICTED), np.full(len(boxes), np.nan, dtype=np.float32)
        return self.append(Predictions(boxes, *nothing))
