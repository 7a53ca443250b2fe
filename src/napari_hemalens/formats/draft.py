"""The annotations of one image while its file is being read."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import orientation
from napari_hemalens.formats.naming import split_frame
from napari_hemalens.records.corrections import KINDS, NOT_PREDICTED, Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE

SIZE_GUESSED = "The size of the image is not stated and the image is not there: it is taken from the boxes."

_LARGEST = 1e7  # pixels: ten times the side of any slide

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
    observer : str
        Who corrected it; '' if nobody did, or the file does not say.
    """

    correction: str
    class_name: str = ""
    score: float = math.nan
    certainty: float = math.nan
    novelty: float = math.nan
    observer: str = ""

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

    One odd object never costs the others: it is left out or mended, and counted by kind; the record's notes say so.

    Attributes
    ----------
    source : Path
        The file; for messages.
    image : str
        Path of the image if it was found, else its name; of an image with several frames, which, as `short_names`.
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
    left_out : Counter of str
        Objects that are no cells of the record, by kind, such as 'a point'.
    mended : Counter of str
        Cells that were not read as they are written, by how.
    frame : {'shown', 'stored'} or None
        Whether boxes lie in the image as viewers turn it by its EXIF orientation, or as its pixels are stored; None:
        that is to be seen from the size that the file states and from the boxes.
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
    left_out: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    frame: orientation.Frame | None = None

    def leave_out(self, kind: str, number: int = 1) -> None:
        """Count objects that are no cell, by kind: what each is, or what it lacks."""
        self.left_out[kind] += number

    def add(self, box: Box, label: str, score: float = 1.0, prediction: Prediction | None = None) -> None:
        """Add a cell: corners in the wrong order are swapped, and a score that is none is 1."""
        y0, x0, y1, x1 = box
        if not all(map(math.isfinite, box)) or max(map(abs, box)) > _LARGEST:
            self.leave_out("a box with a corner that is no number")
            return
        if y0 == y1 or x0 == x1:
            self.leave_out("a box without area")
            return
        if y1 < y0 or x1 < x0:
            self.mended["with its corners in the wrong order"] += 1
            box = min(y0, y1), min(x0, x1), max(y0, y1), max(x0, x1)
        if not 0 <= score <= 1:
            self.mended["with a score that is not in 0-1, taken as 1"] += 1
            score = 1.0
        if not label.strip():
            self.mended[f"without a class, taken as {UNCLASSIFIABLE}"] += 1
            label = UNCLASSIFIABLE
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
        boxes, shape, frame = orientation.place(self.boxes, self.image, self.shape, self.frame)
        shape = shape or self._extent()
        guessed = (SIZE_GUESSED,) if self.shape is None and self.boxes else ()
        image, of_stack = split_frame(self.image)
        notes = (*self.notes, *frame, *guessed, *self._oddities(boxes, shape))
        return Detections.from_arrays(
            boxes,
            self.scores,
            classes,
            names=names,
            image_shape=shape,
            corrections=self._corrections(index),
            naming=self._naming(names, classes),
            recognised=names,  # the annotator knew every class of the file
            provenance=Provenance(
                image=image,
                frame=of_stack,
                pixel_size_um=self.pixel_size_um,
                pixel_size_source="unknown" if self.pixel_size_um is None else "given",
                notes=tuple(dict.fromkeys(notes)),
            ),
        )

    def _oddities(self, boxes: Sequence[Box], shape: tuple[int, int]) -> Iterator[str]:
        """Yield what was left out of the file, and what was not read as it is written, a sentence each."""
        outside, cut = _beyond(boxes, shape)
        left_out = self.left_out + Counter({"a box outside the image": outside})
        mended = self.mended + Counter({"more than half of which lies outside the image, cut at its edge": cut})
        if left_out:
            yield f"Objects of {self.source.name} were left out: {_counted(left_out)}."
        if mended:
            yield f"Cells of {self.source.name} were not read as written: {_counted(mended)}."

    def _corrections(self, index: dict[str, int]) -> Corrections | None:
        if not any(self.predictions):
            return None
        unchanged = (Prediction("", label, score) for label, score in zip(self.labels, self.scores, strict=True))
        found = [each or same for each, same in zip(self.predictions, unchanged, strict=True)]
        return Corrections(
            np.array([each.correction for each in found], dtype=np.str_),
            np.array([index.get(each.class_name, NOT_PREDICTED) for each in found], dtype=np.int64),
            np.array([each.score for each in found], dtype=np.float32),
            observers=np.array([each.observer for each in found], dtype=np.str_),
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


def _beyond(boxes: Sequence[Box], shape: tuple[int, int]) -> tuple[int, int]:
    """Return how many boxes lie outside an image of (height, width), and how many more than half outside."""
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    inside = np.clip(corners, 0, [*shape, *shape])
    areas, kept = (np.prod(c[:, 2:] - c[:, :2], axis=1) for c in (corners, inside))
    return int((kept <= 0).sum()), int(((kept > 0) & (kept < areas / 2)).sum())


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind}" if number == 1 else f"{number} times {kind}" for kind, number in sorted(kinds.items()))


def finish_drafts(drafts: Sequence[Draft], names: Iterable[str] | None = None) -> tuple[Detections, ...]:
    """Return the records of all drafts; `names` are the classes, by default those found, sorted."""
    if names is None:
        names = sorted({name for draft in drafts for name in draft.classes})
    listed = tuple(names)
    return tuple(draft.to_detections(listed) for draft in drafts)


def drafts_of(
    path: Path, files: Iterable[Path], read: Callable[[Path], Iterable[Draft] | None], fault: str
) -> list[Draft]:
    """Return the drafts of all files of a format.

    Parameters
    ----------
    path : Path
        What was asked for: a file, or the folder of all.
    files : iterable of Path
        Those that may be of the format.
    read : callable
        Returns the drafts of a file; None if it is of another format.
    fault : str
        What is wrong with a file that was asked for, and is of another: the end of a sentence.

    Raises
    ------
    AnnotationError
        If that is so.
    """
    drafts: list[Draft] = []
    for file in [*files] or [path]:
        found = read(file)
        if found is None and file == path:
            raise AnnotationError(f"{file} {fault}")
        drafts += found or ()
    return drafts


def number(value: object, otherwise: float = math.nan) -> float:
    """Return a value as a number, also one with a decimal comma; what is none, or is not finite, as `otherwise`."""
    try:
        found = float(_with_point(value) if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return found if math.isfinite(found) else otherwise


def _with_point(text: str) -> str:
    """Return a number in figures with a decimal point; of point and comma, the last one is that of the decimals."""
    if text.rfind(",") > text.rfind("."):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def size(height: object, width: object) -> tuple[int, int] | None:
    """Return height and width if both are sizes of an image in pixels, else None."""
    sides = number(height), number(width)
    return (int(sides[0]), int(sides[1])) if all(1 <= side <= _LARGEST for side in sides) else None


def floats(texts: Iterable[str | None], where: str) -> list[float]:
    """Return texts as numbers; `where` starts the error message if one is not a number."""
    values = []
    for text in texts:
        try:
            values.append(float(_with_point(text or "")))
        except ValueError as error:
            raise AnnotationError(f"{where}: {text!r} is not a number.") from error
    return values
