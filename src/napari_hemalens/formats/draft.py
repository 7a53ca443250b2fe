"""What a file says of one image while it is being read."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.corrections import KINDS, NOT_PREDICTED, Corrections
from napari_hemalens.records.detections import Detections, Provenance

Box = tuple[float, float, float, float]
"""y0, x0, y1, x1 in level-0 pixels, the far edge excluded."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network had said of one cell, and what a person made of it.

    Attributes
    ----------
    correction : str
        One of `corrections.KINDS`.
    class_name : str
        The class that the network said; empty where it found no cell.
    score : float
        How sure it was, in 0-1; NaN where it found no cell.
    """

    correction: str
    class_name: str = ""
    score: float = math.nan

    @classmethod
    def from_texts(cls, correction: str, class_name: str, score: str, where: str) -> "Prediction | None":
        """Return what three cells of a table say, None where they are empty; `where` opens what is said of a fault."""
        if not (correction or class_name):
            return None
        if correction not in KINDS:
            known = ", ".join(kind for kind in KINDS if kind)
            raise AnnotationError(f"{where}: {correction!r} is no kind of correction. Known: {known}.")
        return cls(correction, class_name, floats([score], where)[0] if score else math.nan)


@dataclass(slots=True)
class Draft:
    """What a file says of one image, while it is being read.

    Attributes
    ----------
    source : Path
        The file; for messages.
    image : str
        Path of the image where it was found, else its name.
    shape : (int, int) or None
        Height and width in pixels; None where nobody says: the image then ends with the boxes.
    pixel_size_um : float or None
        Micrometres per pixel, where the file says it.
    boxes, labels, scores : list
        One entry per cell.
    predictions : list
        What the network had said of each cell, where the file tells; else None.
    """

    source: Path
    image: str
    shape: tuple[int, int] | None = None
    pixel_size_um: float | None = None
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    predictions: list[Prediction | None] = field(default_factory=list)

    def add(self, box: Box, label: str, score: float = 1.0, prediction: Prediction | None = None) -> None:
        """Add a cell.

        Raises
        ------
        AnnotationError
            If a far edge lies before the near one, or a number is not finite or no score.
        """
        y0, x0, y1, x1 = box
        if not all(map(math.isfinite, box)) or y1 < y0 or x1 < x0:
            raise AnnotationError(
                f"{self.source}: a {label!r} in {self.image!r} spans y {y0:g} to {y1:g} and "
                f"x {x0:g} to {x1:g}; a box has no negative size."
            )
        if not 0 <= score <= 1:
            raise AnnotationError(
                f"{self.source}: a {label!r} in {self.image!r} has the score {score:g}; scores are 0 to 1."
            )
        self.boxes.append(box)
        self.labels.append(label)
        self.scores.append(score)
        self.predictions.append(prediction)

    @property
    def classes(self) -> set[str]:
        """Every class that the file names in this image, what the network had said included."""
        predicted = {each.class_name for each in self.predictions if each and each.class_name}
        return {*self.labels, *predicted}

    def to_detections(self, names: tuple[str, ...]) -> Detections:
        """Return the record, its classes by index into `names`."""
        index = {name: position for position, name in enumerate(names)}
        unknown = sorted(self.classes - index.keys())
        if unknown:
            raise AnnotationError(
                f"{self.source}: {self.image!r} has the class {unknown[0]!r}. Known: {', '.join(names)}."
            )
        return Detections.from_arrays(
            self.boxes,
            self.scores,
            [index[label] for label in self.labels],
            names=names,
            image_shape=self.shape or self._extent(),
            corrections=self._corrections(index),
            recognised=names,  # whoever drew the boxes knew every class of the file
            provenance=Provenance(
                image=self.image,
                pixel_size_um=self.pixel_size_um,
                pixel_size_source="unknown" if self.pixel_size_um is None else "given",
            ),
        )

    def _corrections(self, index: dict[str, int]) -> Corrections | None:
        if not any(self.predictions):
            return None
        unchanged = (Prediction("", label, score) for label, score in zip(self.labels, self.scores, strict=True))
        said = [each or same for each, same in zip(self.predictions, unchanged, strict=True)]
        return Corrections(
            np.array([each.correction for each in said], dtype=np.str_),
            np.array([index.get(each.class_name, NOT_PREDICTED) for each in said], dtype=np.int64),
            np.array([each.score for each in said], dtype=np.float32),
        )

    def _extent(self) -> tuple[int, int]:
        bottom = max((box[2] for box in self.boxes), default=0)
        right = max((box[3] for box in self.boxes), default=0)
        return math.ceil(bottom), math.ceil(right)


def finish_drafts(drafts: Sequence[Draft], names: Iterable[str] | None = None) -> tuple[Detections, ...]:
    """Return the records of all drafts; without `names`, the classes are those found, sorted."""
    if names is None:
        names = sorted({name for draft in drafts for name in draft.classes})
    listed = tuple(names)
    return tuple(draft.to_detections(listed) for draft in drafts)


def floats(texts: Iterable[str | None], where: str) -> list[float]:
    """Return texts as numbers; `where` opens the sentence that says which one is none."""
    values = []
    for text in texts:
        try:
            values.append(float(text or ""))
        except ValueError as error:
            raise AnnotationError(f"{where}: {text!r} is not a number.") from error
    return values
