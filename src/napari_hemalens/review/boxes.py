"""Cells as a person leaves them: what was found, and every correction on top of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.corrections import NOT_PREDICTED, Corrections, no_names
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Tissue
from napari_hemalens.records.notes import merged_notes
from napari_hemalens.records.renaming import with_tissue
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.review.overlaps import inside_regions, same_cells, touching_regions
from napari_hemalens.review.predictions import Predictions
from napari_hemalens.slides.region import Region


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
    predictions : Predictions
        The same N cells as the network said: no correction changes them.
    observers : (N,) str
        Who touched or removed each, see `review.signing`; '' where nobody did, or it is not known who.
    """

    cells: Detections
    touched: NDArray[np.bool_]
    removed: NDArray[np.bool_]
    predictions: Predictions
    observers: NDArray[np.str_] = field(default_factory=no_names)

    def __post_init__(self) -> None:
        """Take it that cells come last of which it is not known who touched them."""
        unknown = no_names(len(self.cells) - len(self.observers))
        object.__setattr__(self, "observers", np.concatenate([self.observers, unknown]))

    @classmethod
    def from_run(cls, found: Detections) -> Self:
        """Begin with what a run found; from here on any ICSH class can be assigned."""
        names = tuple(dict.fromkeys((*found.names, *ICSH.classes)))
        predictions = Predictions.from_run(found)
        naming = None if found.naming is None else found.naming.settled(found.named)
        cells = replace(found, names=names, corrections=None, naming=naming)
        if found.corrections is None:
            untouched = np.zeros(len(found), dtype=bool)
            return cls(cells, untouched, untouched, predictions)
        gone = found.corrections
        return cls(
            _appended(cells, gone.removed_boxes, gone.removed_classes, gone.removed_scores),
            touched=_padded(gone.corrected, len(gone.removed_scores), False),
            removed=_padded(np.zeros(len(found), dtype=bool), len(gone.removed_scores), True),
            predictions=predictions.append(Predictions(gone.removed_boxes, gone.removed_classes, gone.removed_scores)),
            observers=np.concatenate([gone.observers, gone.removed_observers]),
        )

    @property
    def n_corrections(self) -> int:
        """Cells that a person changed, drew or deleted."""
        return int(np.count_nonzero(self.touched | self.removed))

    def visible(self, score_threshold: float) -> NDArray[np.bool_]:
        """Return which cells are on screen at a score: shape (N,)."""
        return ~self.removed & (self.touched | (self.cells.scores >= score_threshold))

    def current(self, score_threshold: float) -> Detections:
        """Return the cells on screen as a result: best first, its recipe with the score they were chosen by."""
        visible = self.visible(score_threshold)
        kept = self.cells.take(visible)
        recipe = {**kept.provenance.recipe, "score_threshold": score_threshold}
        return Detections.from_arrays(
            kept.boxes,
            kept.scores,
            kept.classes,
            names=kept.names,
            image_shape=kept.image_shape,
            recognised=kept.recognised,
            provenance=replace(kept.provenance, recipe=recipe),
            corrections=self._corrections(visible, score_threshold),
            naming=kept.naming,
        )

    @property
    def kinds(self) -> NDArray[np.str_]:
        """What a person did to each cell (N,): one of `records.corrections.KINDS`, '' for nothing."""
        said = self.predictions
        renamed = self.cells.classes != said.classes
        moved = np.any(self.cells.boxes != said.boxes, axis=1)  # NaN is another box, too
        how = np.select([renamed & moved, renamed, moved], ["class+box", "class", "box"], "accepted")
        kinds: NDArray[np.str_] = np.select([said.classes == NOT_PREDICTED, self.touched], ["drawn", how], "")
        return kinds

    def _corrections(self, visible: NDArray[np.bool_], score_threshold: float) -> Corrections | None:
        """Return what a person changed in the visible cells, and deleted of those that would be; None: nothing."""
        said = self.predictions
        # A comparison with NaN, the score of what a person drew and deleted again, is false.
        gone = np.flatnonzero(self.removed & (said.scores >= score_threshold))
        if not self.touched[visible].any() and not len(gone):
            return None
        known = ~np.isnan(said.boxes[gone, :1])
        return Corrections(
            self.kinds[visible].astype("<U9"),
            said.classes[visible],
            said.scores[visible],
            removed_boxes=np.where(known, said.boxes[gone], self.cells.boxes[gone]),
            removed_classes=said.classes[gone],
            removed_scores=said.scores[gone],
            observers=self.observers[visible],
            removed_observers=self.observers[gone],
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
        naming = None if self.cells.naming is None else self.cells.naming.settled(rows)
        cells = replace(self.cells, classes=classes, scores=scores, naming=naming)
        return replace(self, cells=cells, touched=_marked(self.touched, rows))

    def with_tissue(self, tissue: Tissue | None) -> Self:
        """Return cells as the classifier names them in another tissue, or (None) in any; what was corrected stays.

        It is the network that names them anew, so that nothing becomes a correction.
        """
        cells = with_tissue(self.cells, tissue, ~self.touched)
        if cells is self.cells:
            return self
        classes = np.where(self.touched, self.predictions.classes, cells.classes)
        return replace(self, cells=cells, predictions=replace(self.predictions, classes=classes))

    def with_drawn(self, boxes: NDArray[np.float32], names: Sequence[str] | NDArray[np.str_]) -> Self:
        """Add cells that a person drew, clipped to the image; one outside of it is deleted at once."""
        if len(boxes) == 0:
            return self
        inside, clipped = self._clipped(boxes)
        certain = np.ones(len(boxes), dtype=np.float32)
        return replace(
            self,
            cells=_appended(self.cells, clipped, self._index(names), certain),
            touched=_padded(self.touched, len(boxes), True),
            removed=np.concatenate([self.removed, ~inside]),
            predictions=self.predictions.append_drawn(clipped),
        )

    def merge_run(self, found: Detections, regions: Sequence[Region], *, keep_edits: bool = True) -> Self:
        """Return the cells after another run over `regions`, or over the whole image where there are none.

        Cells outside the regions stay, unless other weights found or named them. Corrections stay where `keep_edits`,
        and what is found again at a corrected or deleted cell is left out.
        """
        fresh = type(self).from_run(found)
        inside = inside_regions(self.cells.centres, regions)
        ours, theirs = self.cells.provenance, found.provenance
        if (ours.sha256, ours.naming) != (theirs.sha256, theirs.naming):
            inside[:] = True
        edited = (self.touched | self.removed) & keep_edits
        kept = edited | ~inside
        # Beside corrections, only boxes across the border of a region can be found a second time.
        rivals = self.cells.boxes[edited | (kept & touching_regions(self.cells.boxes, regions))]
        new = ~same_cells(fresh.cells.boxes, rivals)
        olds = self.cells.take(kept)
        said = self.predictions.take(kept)
        earlier = () if inside.all() else self.cells.provenance.notes  # still true of cells outside
        notes = merged_notes(found.provenance.notes, earlier)
        cells = _joined(fresh.cells.take(new), olds, fresh._index(olds.class_names))
        names = np.array([*self.cells.names, ""])[said.classes]  # -1 is the last
        known = np.where(names == "", NOT_PREDICTED, fresh._index(names))
        return replace(
            fresh,
            cells=replace(cells, provenance=replace(found.provenance, notes=notes)),
            touched=np.concatenate([fresh.touched[new], (self.touched & edited)[kept]]),
            removed=np.concatenate([fresh.removed[new], (self.removed & edited)[kept]]),
            predictions=fresh.predictions.take(new).append(replace(said, classes=known)),
            observers=np.concatenate([fresh.observers[new], np.where(edited, self.observers, "")[kept]]),
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


def _appended(
    cells: Detections, boxes: NDArray[np.float32], classes: NDArray[np.int64], scores: NDArray[np.float32]
) -> Detections:
    """Return cells, then others of the same classes, of which no classifier was asked."""
    return replace(
        cells,
        boxes=np.concatenate([cells.boxes, boxes]),
        scores=np.concatenate([cells.scores, scores]),
        classes=np.concatenate([cells.classes, classes]),
        naming=None if cells.naming is None else cells.naming.append(None, len(boxes)),
    )


def _joined(cells: Detections, others: Detections, classes: NDArray[np.int64]) -> Detections:
    """Return cells, then others, whose `classes` (M,) are indices into the names of the first."""
    joined = _appended(cells, others.boxes, classes, others.scores)
    if cells.naming is None:
        return joined
    return replace(joined, naming=cells.naming.append(others.naming, len(others)))


def _padded(mask: NDArray[np.bool_], n: int, value: bool) -> NDArray[np.bool_]:
    return np.concatenate([mask, np.full(n, value)])


def _marked(mask: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    marked = mask.copy()
    marked[rows] = True
    return marked
