"""The annotations of one image while its file is being read."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.corrections import KINDS, NOT_PREDICTED, Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming

Box = tuple[float, float, float, float]
"""y0, x0, y1, x1 in level-0 pixels, the far edge excluded."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The network's prediction for one cell, and its correction.

    Attributes
    ----------
    correction : str
        One of `corrections.KINDS`.
    class_name : str
        The predicted class; empty where the network found no cell.
    score : float
        The predicted score in 0-1; NaN where the network found no cell.
    certainty : float
        The probability of the cell's class, in 0-1, by what names cells; NaN if the file does not state it.
    novelty : float
        How unlike the cells it learned from the cell is, see `records.naming`; NaN if the file does not state it.
    """

    correction: str
    class_name: str = ""
    score: float = math.nan
    certainty: float = math.nan
    novelty: float = math.nan

    @classmethod
    def from_texts(cls, correction: str, class_name: str, score: str, where: str) -> "Prediction | None":
        """Return the prediction from three cells of a table, None if they are empty; `where` starts error messages."""
        if not (correction or class_name):
            return None
        if correction not in KINDS:
            known = ", ".join(kind for kind in KINDS if kind)
            raise AnnotationError(f"{where}: {correction!r} is not a kind of correction. Known: {known}.")
        return cls(correction, class_name, floats([score], where)[0] if score else math.nan)


@dataclass(slots=True)
class Draft:
    """The annotations of one image while its file is being read.

    Attributes
    ----------
    source : Path
        The file; for messages.
    image : str
        Path of the image if it was found, else its name.
    shape : (int, int) or None
        Height and width in pixels; None if unknown: the image is then as large as the boxes require.
    pixel_size_um : float or None
        Micrometres per pixel, if the file states it.
    boxes, labels, scores : list
        One entry per cell.
    predictions : list
        The network's prediction for each cell, or None if the file has none.
    notes : tuple of str
        What speaks against trusting the cells, if the file states it.
    """

    source: Path
    image: str
    shape: tuple[int, int] | None = None
    pixel_size_um: float | None = None
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    predictions: list[Prediction | None] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def add(self, box: Box, label: str, score: float = 1.0, prediction: Prediction | None = None) -> None:
        """Add a cell.

        Raises
        ------
        AnnotationError
            If a far edge lies before the near one, a number is not finite, or the score is not in 0-1.
        """
        y0, x0, y1, x1 = box
        if not all(map(math.isfinite, box)) or y1 < y0 or x1 < x0:
            raise AnnotationError(
                f"{self.source}: a {label!r} in {self.image!r} spans y {y0:g} to {y1:g} and "
                f"x {x0:g} to {x1:g}; a box cannot have a negative size."
            )
        if not 0 <= score <= 1:
            raise AnnotationError(
                f"{self.source}: a {label!r} in {self.image!r} has the score {score:g}; scores lie in 0-1."
            )
        self.boxes.append(box)
        self.labels.append(label)
        self.scores.append(score)
        self.predictions.append(prediction)

    @property
    def classes(self) -> set[str]:
        """Every class that the file names in this image, including predicted ones."""
        predicted = {each.class_name for each in self.predictions if each and each.class_name}
        return {*self.labels, *predicted}

    def to_detections(self, names: tuple[str, ...]) -> Detections:
        """Return the record, with classes as indices into `names`."""
        index = {name: position for position, name in enumerate(names)}
        unknown = sorted(self.classes - index.keys())
        if unknown:
            raise AnnotationError(
                f"{self.source}: {self.image!r} has the class {unknown[0]!r}. Known: {', '.join(names)}."
            )
        classes = [index[label] for label in self.labels]
        return Detections.from_arrays(
            self.boxes,
            self.scores,
            classes,
            names=names,
            image_shape=self.shape or self._extent(),
            corrections=self._corrections(index),
            naming=self._naming(names, classes),
            recognised=names,  # the annotator knew every class of the file
            provenance=Provenance(
                image=self.image,
                pixel_size_um=self.pixel_size_um,
                pixel_size_source="unknown" if self.pixel_size_um is None else "given",
                notes=self.notes,
            ),
        )

    def _corrections(self, index: dict[str, int]) -> Corrections | None:
        if not any(self.predictions):
            return None
        unchanged = (Prediction("", label, score) for label, score in zip(self.labels, self.scores, strict=True))
        found = [each or same for each, same in zip(self.predictions, unchanged, strict=True)]
        return Corrections(
            np.array([each.correction for each in found], dtype=np.str_),
            np.array([index.get(each.class_name, NOT_PREDICTED) for each in found], dtype=np.int64),
            np.array([each.score for each in found], dtype=np.float32),
        )

    def _naming(self, names: tuple[str, ...], classes: Sequence[int]) -> Naming | None:
        said = [(each.certainty, each.novelty) if each else (math.nan, math.nan) for each in self.predictions]
        certainty, novelty = np.array(said, dtype=np.float32).reshape(-1, 2).T
        if np.isnan(certainty).all() and np.isnan(novelty).all():
            return None
        return Naming.from_certainty(names, np.array(classes, dtype=np.int64), certainty, novelty)

    def _extent(self) -> tuple[int, int]:
        bottom = max((box[2] for box in self.boxes), default=0)
        right = max((box[3] for box in self.boxes), default=0)
        return math.ceil(bottom), math.ceil(right)


def finish_drafts(drafts: Sequence[Draft], names: Iterable[str] | None = None) -> tuple[Detections, ...]:
    """Return the records of all drafts; `names` are the classes, by default those found, sorted."""
    if names is None:
        names = sorted({name for draft in drafts for name in draft.classes})
    listed = tuple(names)
    return tuple(draft.to_detections(listed) for draft in drafts)


def floats(texts: Iterable[str | None], where: str) -> list[float]:
    """Return texts as numbers; `where` starts the error message if one is not a number."""
    values = []
    for text in texts:
        try:
            values.append(float(text or ""))
        except ValueError as error:
            raise AnnotationError(f"{where}: {text!r} is not a number.") from error
    return values
