"""Merging without all raw detections in memory: row of tiles by row of tiles, with what `merging` gives at once.

Whether a box is a duplicate depends on the boxes that it overlaps, and on those that these overlap. Such a group is
settled as soon as no tile to come reaches it; only groups at the seam are carried on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.merging import competing, with_rivals
from napari_hemalens.inference.tile_plan import TilePlan
from napari_hemalens.inference.tile_runner import RawDetections, run_order
from napari_hemalens.inference.tile_store import TileStore
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.stitch import overlapping, suppress

_SLACK = 16  # network pixels by which a box may reach over the edge of its tile


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """Boxes (N, 4) in level-0 pixels, scores (N,), classes (N,); `order` (N,) is what ties go by."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, raw: RawDetections, place: int, shape: tuple[int, int]) -> Self:
        """Return what a tile, run as the `place`-th, holds inside an image."""
        height, width = shape
        boxes = np.clip(raw.boxes, 0, np.array([height, width, height, width], dtype=np.float32))
        whole = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
        order = (np.int64(place) << 32) + np.arange(len(boxes))
        return cls(boxes[whole], raw.scores[whole], raw.classes[whole], order[whole])

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all in one, best first."""
        columns = [np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)]
        every = cls(*columns)
        return every.take(np.lexsort((every.order, -every.scores)))

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return some of the boxes."""
        return type(self)(*(getattr(self, each.name)[which] for each in fields(self)))

    def __len__(self) -> int:
        return len(self.scores)


def merge_by_rows(
    store: TileStore,
    card: DetectorCard,
    recipe: DetectionRecipe,
    *,
    image_shape: tuple[int, int],
    provenance: Provenance,
) -> Detections:
    """Return the cells of an image, the same as of `merging.merge_detections`.

    Parameters
    ----------
    store : TileStore
        Of all tiles of a plan; read as it is needed.
    card, recipe, image_shape, provenance
        As for `merging.merge_detections`.
    """
    plan, merge = store.plan, _RowMerge(card, recipe)
    places = {tile: place for place, tile in enumerate(sorted(plan.tiles, key=run_order))}
    for y0, row in groupby(store, key=lambda part: part.tile.y0):
        merge.settle(above=_level0_row(plan, y0 - _SLACK))
        for part in row:
            merge.add(_Boxes.of(part, places[part.tile], image_shape))
    merge.settle(above=np.inf)
    return merge.result(image_shape=image_shape, provenance=provenance)


def _level0_row(plan: TilePlan, y: int) -> float:
    """Return where a row of network pixels lies in level-0 pixels."""
    return float(plan.to_level0(np.array([[y, 0, y, 0]]))[0, 0])


class _RowMerge:
    """Raw boxes come in; boxes without duplicates are kept, each with whether it is the best of its cell."""

    def __init__(self, card: DetectorCard, recipe: DetectionRecipe) -> None:
        self.card, self.recipe = card, recipe
        self.threshold = card.threshold(recipe.score_threshold)
        nobody = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.none = _Boxes(*nobody)
        self.open: list[_Boxes] = []
        self.settled: list[_Boxes] = [self.none]
        self.best: list[NDArray[np.int64]] = []  # of what is settled: the order of those that are the best of a cell

    def add(self, boxes: _Boxes) -> None:
        self.open.append(boxes)

    def settle(self, above: float) -> None:
        """Settle the groups of boxes that lie above a row of level-0 pixels, which those to come do not cross."""
        waiting = _Boxes.joined([self.none, *self.open])
        if not len(waiting):
            return
        pairs = overlapping(waiting.boxes, self._groups(waiting), iou=self.recipe.nms_iou)
        edges = coo_array((np.ones(pairs.shape[1]), pairs), shape=(len(waiting),) * 2)
        number, group = connected_components(edges, directed=False)
        bottom = np.full(number, -np.inf)
        np.maximum.at(bottom, group, waiting.boxes[:, 2])
        done = bottom[group] <= above
        self.open = [waiting.take(~done)]
        self._resolve(waiting.take(done))

    def _resolve(self, some: _Boxes) -> None:
        """Keep each box of whole groups once; of what does not compete, only what will count."""
        iou = self.recipe.nms_iou
        once = some.take(suppress(some.boxes, some.scores, some.classes, iou=iou))
        if self.recipe.one_class_per_cell:
            best = once.order[suppress(once.boxes, once.scores, self._groups(once), iou=iou)]
            alone = self._groups(once) >= 0
            once = once.take(~alone | (once.scores >= self.threshold))
            self.best.append(best)
        self.settled.append(once)

    def _groups(self, some: _Boxes) -> NDArray[np.int64]:
        """Return what may be one cell (N,): -1 for all nucleated cells, where they have one class, else the class."""
        if not self.recipe.one_class_per_cell:
            return some.classes
        return np.where(competing(self.card.classes)[some.classes], -1, some.classes)

    def result(self, *, image_shape: tuple[int, int], provenance: Provenance) -> Detections:
        """Return the cells, each as sure as all classes that compete for it together."""
        every = _Boxes.joined(self.settled)
        cells = Detections(
            every.boxes,
            every.scores,
            every.classes,
            self.card.classes,
            image_shape,
            recognised=self.card.classes,
            provenance=provenance,
        )
        if not self.recipe.one_class_per_cell:
            return cells
        kept = np.flatnonzero(np.isin(every.order, np.concatenate([np.zeros(0, np.int64), *self.best])))
        groups = np.where(self._groups(every) < 0, 0, -1)
        return with_rivals(cells, kept, groups, self.recipe.nms_iou).above(self.threshold)
