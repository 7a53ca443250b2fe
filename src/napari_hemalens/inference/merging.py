"""Raw detections of tiles become cells: each once, under its best class."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.tile_runner import RawDetections, run_order
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.stitch import paired_iou, suppress


def merge_detections(
    raw: Iterable[RawDetections],
    card: DetectorCard,
    recipe: DetectionRecipe,
    *,
    image_shape: tuple[int, int],
    provenance: Provenance,
) -> Detections:
    """Return the cells of an image: duplicates across seams and classes removed, from the score threshold on.

    Parameters
    ----------
    raw : iterable of RawDetections
        Of all tiles of a plan, in any order.
    card : DetectorCard
        Of the detector that found them.
    recipe : DetectionRecipe
        IoU from which boxes are one cell, whether a cell has one class only, and the score threshold.
    image_shape : (int, int)
        Height and width of the image in level-0 pixels.
    provenance : Provenance
        Of the result.
    """
    cells = collect_detections(raw, card, image_shape=image_shape, provenance=provenance)
    cells = cells.take(suppress(cells.boxes, cells.scores, cells.classes, iou=recipe.nms_iou))
    if not recipe.one_class_per_cell:
        return cells
    return one_class_per_cell(cells, recipe.nms_iou).above(card.threshold(recipe.score_threshold))


def collect_detections(
    raw: Iterable[RawDetections], card: DetectorCard, *, image_shape: tuple[int, int], provenance: Provenance
) -> Detections:
    """Return all raw detections in one record, duplicates included; the order of the tiles makes no difference."""
    parts = sorted(raw, key=lambda part: run_order(part.tile))
    return Detections.from_arrays(
        np.concatenate([np.zeros((0, 4), np.float32), *(part.boxes for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.scores for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.classes for part in parts)]),
        names=card.classes,
        recognised=card.classes,
        image_shape=image_shape,
        provenance=provenance,
    )


def one_class_per_cell(cells: Detections, iou: float) -> Detections:
    """Return the cells without those that are a better cell under another class.

    A nucleated cell is one cell, whatever classes compete for it. It goes by the likeliest of them, and its score is
    the sum of theirs, up to 1: that a cell is there is surer than what it is, and a count that left out what lies
    between two classes would be wrong for both. Red cells and platelets are left alone, since a platelet may lie on a
    red cell.
    """
    nucleated = competing(cells.names)[cells.classes]
    kept = suppress(cells.boxes, cells.scores, np.where(nucleated, -1, cells.classes), iou=iou)
    return with_rivals(cells, kept, np.where(nucleated, 0, -1), iou)


def competing(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which classes (K,) compete for a cell: those of nucleated cells."""
    return np.array([cell_class(name).nucleated for name in names], dtype=np.bool_)


def with_rivals(cells: Detections, kept: NDArray[np.int64], groups: NDArray[np.int64], iou: float) -> Detections:
    """Return the cells kept, best first, each with its score and that of its rivals, up to 1.

    Parameters
    ----------
    cells : Detections
        N cells, of each class each once.
    kept : (K,) int64
        Those that others are rivals of.
    groups : (N,) int64
        Rivals are cells of one group; of the group -1 none are.
    iou : float
        Boxes that overlap by more are one cell.
    """
    scores = cells.scores.copy()
    for group in np.unique(groups[kept]):
        best = kept[groups[kept] == group]
        rivals = np.setdiff1d(np.flatnonzero(groups == group), best)
        if group < 0 or not len(rivals):
            continue
        nearest = best[cKDTree(cells.centres[best]).query(cells.centres[rivals])[1]]
        same = paired_iou(cells.boxes[rivals], cells.boxes[nearest]) > iou
        np.add.at(scores, nearest[same], cells.scores[rivals[same]])
    return replace(cells, scores=scores.clip(max=1)).take(kept[np.argsort(-scores[kept], kind="stable")])
