"""Fields on their way into files and out of them: names of images, classes listed, boxes read."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol

import numpy as np

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.records.detections import Detections, Provenance

Box = tuple[float, float, float, float]
"""y0, x0, y1, x1 in level-0 pixels, the far edge excluded."""


class Record(Protocol):
    """Cells of one image, whatever is known of them: it says where they come from, and how many they are."""

    @property
    def provenance(self) -> Provenance:
        """Where they come from."""

    def __len__(self) -> int: ...


_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f]')  # what Windows forbids in the name of a file


def short_names(fields: Sequence[Record]) -> tuple[str, ...]:
    """Return what the image of each record is called in a file (see `short_paths`)."""
    return short_paths([f.provenance.image for f in fields])


def short_paths(images: Sequence[str]) -> tuple[str, ...]:
    """Return what each image is called in a file: its base name, where that tells the images apart.

    Images that share a base name get as much of their folders as it takes (`day1/a.png` and
    `day2/a.png`); images that share all of it are numbered (`a.png` and `a-2.png`).
    """
    parts = [_parts(image) for image in images]
    depth = [1] * len(parts)
    while True:
        names = ["/".join(p[-d:]) for p, d in zip(parts, depth, strict=True)]
        shared = Counter(names)
        grow = [shared[n] > 1 and d < len(p) for n, p, d in zip(names, parts, depth, strict=True)]
        if not any(grow):
            return _numbered(names, key=str)
        depth = [d + more for d, more in zip(depth, grow, strict=True)]


def check_apart(out: Path, files: Iterable[Path]) -> None:
    """Refuse a folder for results that holds files that are read: some results are named as such files are.

    Raises
    ------
    RecipeError
        If one of the files lies in it.
    """
    for file in files:
        if file.resolve().parent == out.resolve():
            raise RecipeError(f"Results need a folder of their own: they might replace files such as {file}.")


def file_stems(images: Sequence[str]) -> tuple[str, ...]:
    """Return the stem of the file to write for each image, given by its path.

    A stem may hold folders, as `day1/a`. No two are alike, not even on a disk where `A` is `a`.
    """
    safe = (PurePosixPath(_UNSAFE.sub("_", name)) for name in short_paths(images))
    return _numbered([str(name.with_suffix("")) for name in safe], key=str.casefold)


def one_file_each(fields: Sequence[Detections]) -> Iterator[tuple[str, str, Detections]]:
    """Yield, for each image, the stem of the file to write (see `file_stems`), the short name, and the record."""
    stems = file_stems([f.provenance.image for f in fields])
    yield from zip(stems, short_names(fields), fields, strict=True)


def rounded(detections: Detections) -> Iterator[tuple[Box, str, float]]:
    """Iterate over box, class and score of each cell, rounded to 0.01 px and 0.0001."""
    boxes = detections.boxes.astype(np.float64).round(2).tolist()
    scores = detections.scores.astype(np.float64).round(4).tolist()
    return zip(map(_box, boxes), detections.class_names.tolist(), scores, strict=True)


def listed_classes(fields: Iterable[Detections]) -> tuple[str, ...]:
    """Return the classes that a file of these fields lists: those recognised, or given to a cell.

    A class neither looked for nor assigned stays out, so that nobody takes it for a count of 0.
    """
    listed: dict[str, None] = {}
    for detections in fields:
        known = {*detections.recognised, *detections.counts()}
        listed |= dict.fromkeys(name for name in detections.names if name in known)
    return tuple(listed)


def floats(texts: Iterable[str | None], where: str) -> list[float]:
    """Return texts as numbers; `where` opens the sentence that says which one is none."""
    values = []
    for text in texts:
        try:
            values.append(float(text or ""))
        except ValueError as error:
            raise AnnotationError(f"{where}: {text!r} is not a number.") from error
    return values


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
        Micrometres a pixel, where the file says it.
    boxes, labels, scores : list
        One entry a cell.
    """

    source: Path
    image: str
    shape: tuple[int, int] | None = None
    pixel_size_um: float | None = None
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, box: Box, label: str, score: float = 1.0) -> None:
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

    def finished(self, names: tuple[str, ...]) -> Detections:
        """Return the record, its classes by index into `names`."""
        index = {name: position for position, name in enumerate(names)}
        unknown = sorted(set(self.labels) - index.keys())
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
            recognised=names,  # whoever drew the boxes knew every class of the file
            provenance=Provenance(
                image=self.image,
                pixel_size_um=self.pixel_size_um,
                pixel_size_source="unknown" if self.pixel_size_um is None else "given",
            ),
        )

    def _extent(self) -> tuple[int, int]:
        bottom = max((box[2] for box in self.boxes), default=0)
        right = max((box[3] for box in self.boxes), default=0)
        return math.ceil(bottom), math.ceil(right)


def finished(drafts: Sequence[Draft], names: Iterable[str] | None = None) -> tuple[Detections, ...]:
    """Return the records of all drafts; without `names`, the classes are those found, sorted."""
    if names is None:
        names = sorted({label for draft in drafts for label in draft.labels})
    listed = tuple(names)
    return tuple(draft.finished(listed) for draft in drafts)


def _box(corners: Sequence[float]) -> Box:
    y0, x0, y1, x1 = corners
    return y0, x0, y1, x1


def _parts(image: str) -> tuple[str, ...]:
    path = PurePath(image)
    return tuple(p for p in path.parts if p not in {path.anchor, ".."}) or ("image",)


def _numbered(names: Sequence[str], key: Callable[[str], str]) -> tuple[str, ...]:
    taken = {key(name) for name in names}
    seen: set[str] = set()
    result = []
    for name in names:
        path, number, candidate = PurePosixPath(name), 2, name
        while key(candidate) in seen or (candidate != name and key(candidate) in taken):
            candidate = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
            number += 1
        seen.add(key(candidate))
        result.append(candidate)
    return tuple(result)
