"""What observers said of the same cells, paired: boxes by how much they overlap, labelled cells by their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.naming import split_frame
from napari_hemalens.progress import counted
from napari_hemalens.records.synonyms import meaning


@dataclass(frozen=True, slots=True, eq=False)
class ReadCells:
    """The cells of one image, as one observer read them.

    Attributes
    ----------
    classes : (N,) str
        The class of each; '' for a cell that was found and not named.
    boxes : (N, 4) float32, or None
        Corners as y0, x0, y1, x1 in level-0 pixels; None where cells are known by their numbers.
    ids : (N,) int64, or None
        Numbers of the cells in the label image; None where they are known by their boxes.
    """

    classes: NDArray[np.str_]
    boxes: NDArray[np.float32] | None = None
    ids: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """All that one observer said.

    Attributes
    ----------
    observer : str
        Who.
    images : mapping of str to ReadCells
        Cells by the name of their image.
    notes : tuple of str
        What was taken as read, a sentence each.
    """

    observer: str
    images: Mapping[str, ReadCells]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PairedCells:
    """The cells that any of R observers found.

    Attributes
    ----------
    observers : tuple of str
        The observers.
    images : (N,) str
        Name of the image of each cell.
    cells : (N,) str
        The number of each in its label image, or corners as 'y0 x0 y1 x1'.
    there : (N, R) bool
        Whether an observer found it.
    classes : (N, R) str
        By meaning (`records.synonyms`); '' where an observer did not find or name it.
    notes : tuple of str
        What was left out, a sentence each.
    """

    observers: tuple[str, ...]
    images: NDArray[np.str_]
    cells: NDArray[np.str_]
    there: NDArray[np.bool_]
    classes: NDArray[np.str_]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def pair_readings(readings: Sequence[Reading], iou: float = 0.5) -> PairedCells:
    """Pair the cells of two or more observers in the images that all of them read.

    Boxes are paired one to one, those that overlap most first and whatever their classes; a third observer's with what
    the first of the others marked.

    Raises
    ------
    AnnotationError
        If there are fewer than two observers, two of one name, no common image, or boxes and numbers of labels.
    """
    names = [reading.observer for reading in readings]
    if len(readings) < 2 or len({*names}) < len(names):
        raise AnnotationError(
            f"Two or more observers are compared who have different names; these are {', '.join(names)}. Files and "
            "folders are given a name by NAME=FILE."
        )
    images = [{_key(name): (name, cells) for name, cells in reading.images.items()} for reading in readings]
    common = [key for key in images[0] if all(key in other for other in images[1:])]
    if not common:
        listed = "; ".join(f"{r.observer}: {', '.join([*r.images][:3]) or 'none'}" for r in readings)
        raise AnnotationError(f"No image was read by all observers ({listed}).")
    groups = [_Group(images[0][key][0], [each[key][1] for each in images], iou) for key in common]
    left = {name for each in images for key, (name, _) in each.items() if key not in common}
    notes = [note for reading in readings for note in reading.notes]
    if left:
        number = counted(len(left), "image was", "images were")
        notes.append(f"{number} not read by all observers and left out.")
    return PairedCells(
        tuple(names),
        np.concatenate([np.full(len(group.cells), group.image) for group in groups]),
        np.array([cell for group in groups for cell in group.cells], dtype=np.str_),
        np.concatenate([group.there for group in groups]),
        np.concatenate([group.classes for group in groups]),
        tuple(notes),
    )


def pair_boxes(
    first: NDArray[np.float32], second: NDArray[np.float32], iou: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which boxes (N, 4) and (M, 4) are the same cells, as two lists of rows: those that overlap most first."""
    if not len(first) or not len(second):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # Two boxes that share anything lie no farther apart than the sum of half their diagonals.
    near = KDTree(_centres(second)).query_ball_point(
        _centres(first), _diagonals(first) / 2 + _diagonals(second).max() / 2
    )
    a = np.repeat(np.arange(len(first)), [len(each) for each in near])
    b = np.array([row for each in near for row in each], dtype=np.int64)
    low, high = np.maximum(first[a, :2], second[b, :2]), np.minimum(first[a, 2:], second[b, 2:])
    shared = (high - low).clip(min=0).prod(axis=1)
    ratio = shared / (_areas(first)[a] + _areas(second)[b] - shared).clip(min=1e-9)
    taken_a, taken_b = np.zeros(len(first), dtype=bool), np.zeros(len(second), dtype=bool)
    pairs = []
    for k in np.argsort(-ratio, kind="stable"):
        if ratio[k] < iou:
            break
        if not taken_a[a[k]] and not taken_b[b[k]]:
            taken_a[a[k]] = taken_b[b[k]] = True
            pairs.append((a[k], b[k]))
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


@dataclass(slots=True)
class _Group:
    """The cells of one image, by observer."""

    image: str
    read: Sequence[ReadCells]
    iou: float
    cells: list[str] = field(init=False)
    there: NDArray[np.bool_] = field(init=False)
    classes: NDArray[np.str_] = field(init=False)

    def __post_init__(self) -> None:
        by_number = {each.ids is not None for each in self.read}
        if len(by_number) > 1:
            raise AnnotationError(
                f"In {self.image} one observer has boxes and another numbers of labels; compare results of one kind."
            )
        rows = self._rows_by_number() if by_number == {True} else self._rows_by_box()
        self.there = rows >= 0
        columns = [np.append(_meanings(each.classes), "")[rows[:, k]] for k, each in enumerate(self.read)]
        self.classes = np.stack(columns, axis=1)  # -1, not there, is the last

    def _rows_by_number(self) -> NDArray[np.int64]:
        """Return which row of each observer a cell is, (N, R), -1 for none."""
        numbers = [each.ids for each in self.read if each.ids is not None]
        every = np.unique(np.concatenate(numbers))
        rows = np.full((len(every), len(numbers)), -1)
        for k, ids in enumerate(numbers):
            rows[np.searchsorted(every, ids), k] = np.arange(len(ids))
        self.cells = [str(number) for number in every.tolist()]
        return rows

    def _rows_by_box(self) -> NDArray[np.int64]:
        boxes = np.zeros((0, 4), dtype=np.float32)
        rows = np.zeros((0, len(self.read)), dtype=np.int64)
        for k, each in enumerate(self.read):
            own = np.zeros((0, 4), dtype=np.float32) if each.boxes is None else each.boxes
            known, same = pair_boxes(boxes, own, self.iou)
            rows[known, k] = same
            new = np.setdiff1d(np.arange(len(own)), same)
            more = np.full((len(new), len(self.read)), -1)
            more[:, k] = new
            rows[np.setdiff1d(np.arange(len(rows)), known), k] = -1
            boxes, rows = np.concatenate([boxes, own[new]]), np.concatenate([rows, more])
        self.cells = [" ".join(f"{edge:.1f}" for edge in box) for box in boxes.tolist()]
        return rows


def _key(name: str) -> tuple[str, str]:
    """Return the name of an image without its suffix, which a copy may have another, and its frame."""
    image, frame = split_frame(name)
    return PurePath(image.replace("\\", "/")).with_suffix("").as_posix().casefold(), frame


def _meanings(classes: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.array([meaning(name) or name for name in classes.tolist()], dtype=np.str_)


def _centres(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    centres: NDArray[np.float64] = (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2
    return centres


def _diagonals(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64)
    return np.hypot(sides[:, 0], sides[:, 1])


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).prod(axis=1)
    return areas
