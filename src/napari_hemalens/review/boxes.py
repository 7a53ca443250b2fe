"""Cells as a person leaves them: what was found, and every correction on top of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.slides.region import Region

SAME_CELL = 0.5
"""Overlap (IoU) from which a box found by another run is the cell that a person has already dealt with."""

_BLOCK = 1024  # rows of a table of overlaps held in memory at once


@dataclass(frozen=True, slots=True, eq=False)
class ShownBoxes:
    """What a layer shows, in the order of the layer.

    Attributes
    ----------
    rows : (K,) int64
        Which cell of the review each box is; -1 where a person has just drawn it.
    boxes : (K, 4) float32
        y0, x0, y1, x1 in level-0 pixels.
    names : (K,) str
        The class of each box.
    """

    rows: NDArray[np.int64]
    boxes: NDArray[np.float32]
    names: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedBoxes:
    """The cells of one image, and what a person did to them.

    Every method returns a new record and rows never move, so that undoing is keeping the old record.

    Attributes
    ----------
    cells : Detections
        Every candidate down to the lowest score a run asks for, then the cells that a person drew.
    touched : (N,) bool
        Drawn, moved or named by a person: shown at any score.
    removed : (N,) bool
        Deleted by a person: not shown at any score.
    """

    cells: Detections
    touched: NDArray[np.bool_]
    removed: NDArray[np.bool_]

    @classmethod
    def from_run(cls, found: Detections) -> Self:
        """Begin with what a run found; from here on any ICSH class can be assigned."""
        names = tuple(dict.fromkeys((*found.names, *ICSH.classes)))
        nothing = np.zeros(len(found), dtype=bool)
        return cls(replace(found, names=names), nothing, nothing)

    @property
    def n_corrections(self) -> int:
        """Cells that a person changed, drew or deleted."""
        return int(np.count_nonzero(self.touched | self.removed))

    def visible(self, score_threshold: float) -> NDArray[np.bool_]:
        """Return which cells are on screen at a score: shape (N,)."""
        return ~self.removed & (self.touched | (self.cells.scores >= score_threshold))

    def current(self, score_threshold: float) -> Detections:
        """Return the cells on screen as a result: best first, its recipe with the score they were chosen by."""
        kept = self.cells.take(self.visible(score_threshold))
        recipe = {**kept.provenance.recipe, "score_threshold": score_threshold}
        return Detections.from_arrays(
            kept.boxes,
            kept.scores,
            kept.classes,
            names=kept.names,
            image_shape=kept.image_shape,
            recognised=kept.recognised,
            provenance=replace(kept.provenance, recipe=recipe),
        )

    def apply_edit(self, before: ShownBoxes, after: ShownBoxes) -> tuple[Self, NDArray[np.int64]]:
        """Return the cells after what a person did to a layer: what it showed, against what it shows.

        Whatever tool did it (napari's own, a key, a table of features), only the outcome counts. The cells are
        `self` where nothing changed. Also returned: which cell each box of the layer is now, shape (K,).
        """
        rows = first_of_each(after.rows)
        at = np.full(len(self.cells) + 1, -1)  # the spare place at the end serves row -1
        at[before.rows] = np.arange(len(before.rows))
        known = (rows >= 0) & (at[np.clip(rows, -1, len(self.cells))] >= 0)
        kept, old = rows[known], at[rows[known]]
        moved = np.any(after.boxes[known] != before.boxes[old], axis=1)
        named = after.names[known] != before.names[old]
        result = self.without(np.setdiff1d(before.rows, kept))
        result = result.with_boxes(kept[moved], after.boxes[known][moved])
        result = result.with_classes(kept[named], after.names[known][named])
        rows[~known] = len(self.cells) + np.arange(np.count_nonzero(~known))
        return result.with_drawn(after.boxes[~known], after.names[~known]), rows

    def without(self, rows: NDArray[np.int64]) -> Self:
        """Delete cells."""
        if len(rows) == 0:
            return self
        return replace(self, removed=_marked(self.removed, rows))

    def with_boxes(self, rows: NDArray[np.int64], boxes: NDArray[np.float32]) -> Self:
        """Give cells other boxes, clipped to the image; a cell moved out of it is deleted."""
        if len(rows) == 0:
            return self
        inside, clipped = self._clipped(boxes)
        corners = self.cells.boxes.copy()
        corners[rows[inside]] = clipped[inside]
        moved = replace(
            self,
            cells=replace(self.cells, boxes=corners),
            touched=_marked(self.touched, rows),
        )
        return moved.without(rows[~inside])

    def with_classes(self, rows: NDArray[np.int64], names: Sequence[str] | NDArray[np.str_]) -> Self:
        """Give cells other classes; the word of a person has the score 1."""
        if len(rows) == 0:
            return self
        classes, scores = self.cells.classes.copy(), self.cells.scores.copy()
        classes[rows], scores[rows] = self._index(names), 1
        cells = replace(self.cells, classes=classes, scores=scores)
        return replace(self, cells=cells, touched=_marked(self.touched, rows))

    def with_drawn(self, boxes: NDArray[np.float32], names: Sequence[str] | NDArray[np.str_]) -> Self:
        """Add cells that a person drew, clipped to the image; one outside of it is deleted at once."""
        if len(boxes) == 0:
            return self
        inside, clipped = self._clipped(boxes)
        cells = replace(
            self.cells,
            boxes=np.concatenate([self.cells.boxes, clipped]),
            scores=np.concatenate([self.cells.scores, np.ones(len(boxes), dtype=np.float32)]),
            classes=np.concatenate([self.cells.classes, self._index(names)]),
        )
        return replace(
            self,
            cells=cells,
            touched=np.concatenate([self.touched, np.ones(len(boxes), dtype=bool)]),
            removed=np.concatenate([self.removed, ~inside]),
        )

    def merge_run(self, found: Detections, regions: Sequence[Region], *, keep_edits: bool = True) -> Self:
        """Return the cells after another run over `regions`, or over the whole image where there are none.

        Cells outside the regions stay, unless other weights found them. Corrections stay where `keep_edits`, and
        what is found again at a corrected or deleted cell is left out.
        """
        fresh = type(self).from_run(found)
        inside = _within(self.cells.centres, regions)
        if self.cells.provenance.sha256 != found.provenance.sha256:
            inside[:] = True
        edited = (self.touched | self.removed) & keep_edits
        kept = edited | ~inside
        # Beside corrections, only boxes across the border of a region can be found a second time.
        rivals = self.cells.boxes[edited | (kept & _touching(self.cells.boxes, regions))]
        news = fresh.cells.take(~same_cells(found.boxes, rivals))
        olds = self.cells.take(kept)
        return replace(
            fresh,
            cells=replace(
                news,
                boxes=np.concatenate([news.boxes, olds.boxes]),
                scores=np.concatenate([news.scores, olds.scores]),
                classes=np.concatenate([news.classes, fresh._index(olds.class_names)]),
            ),
            touched=np.concatenate([np.zeros(len(news), dtype=bool), (self.touched & edited)[kept]]),
            removed=np.concatenate([np.zeros(len(news), dtype=bool), (self.removed & edited)[kept]]),
        )

    def _clipped(self, boxes: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        height, width = self.cells.image_shape
        far = np.array([height, width, height, width], dtype=np.float32)
        clipped = np.clip(boxes.reshape(-1, 4), 0, far)
        return np.all(clipped[:, 2:] > clipped[:, :2], axis=1), clipped

    def _index(self, names: Sequence[str] | NDArray[np.str_]) -> NDArray[np.int64]:
        index = {name: number for number, name in enumerate(self.cells.names)}
        other = index[UNCLASSIFIABLE]
        return np.array([index.get(str(name), other) for name in names], dtype=np.int64)


def first_of_each(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `rows` with every repetition replaced by -1: a pasted copy bears the number of its original."""
    _, first = np.unique(rows, return_index=True)
    unique = np.full_like(rows, -1)
    unique[first] = rows[first]
    return unique


def same_cells(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of `boxes` (N, 4) are, by their overlap, one of the cells `others` (M, 4): shape (N,)."""
    same = np.zeros(len(boxes), dtype=bool)
    for start in range(0, len(boxes), _BLOCK):
        block = slice(start, start + _BLOCK)
        same[block] = _overlaps(boxes[block], others).max(axis=1, initial=0) >= SAME_CELL
    return same


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of each pair: shape (N, M)."""
    near = np.maximum(boxes[:, None, :2], others[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(far - near, 0, None).prod(axis=-1)  # (N, M)
    areas = [(b[:, 2:] - b[:, :2]).prod(axis=1) for b in (boxes, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    overlap: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def _marked(mask: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    marked = mask.copy()
    marked[rows] = True
    return marked


def _within(centres: NDArray[np.float32], regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Return which centres lie in a region; all of them where there are no regions."""
    inside = np.full(len(centres), not regions)
    for region in regions:
        inside |= np.all((centres >= region[:2]) & (centres < region[2:]), axis=1)
    return inside


def _touching(boxes: NDArray[np.float32], regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Return which boxes share pixels with a region."""
    touching = np.zeros(len(boxes), dtype=bool)
    for region in regions:
        touching |= np.all((boxes[:, 2:] > region[:2]) & (boxes[:, :2] < region[2:]), axis=1)
    return touching
