"""Several regions of one image, detected one after the other, as one result."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.notes import merged_notes
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.stitch import suppress


def join_regions(parts: Sequence[Detections], recipe: DetectionRecipe) -> Detections:
    """Return the cells of several regions of one image as one result; a cell that two regions share counts once."""
    if len(parts) == 1:
        return parts[0]
    # Cells of a region that is not done yet are not named yet, and have the classes of the detector.
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    whole = replace(
        parts[-1],
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        classes=np.concatenate([_indices(part, names) for part in parts]),
        names=names,
        naming=_joined_naming(parts),
        provenance=replace(parts[-1].provenance, notes=merged_notes(*(part.provenance.notes for part in parts))),
    )
    nucleated = np.array([cell_class(name).nucleated for name in whole.names])[whole.classes]
    rivals = np.where(nucleated & recipe.one_class_per_cell, -1, whole.classes)  # as inside a region
    return whole.take(suppress(whole.boxes, whole.scores, rivals, iou=recipe.nms_iou))


def _indices(part: Detections, names: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([names.index(name) for name in part.names], dtype=np.int64)[part.classes]


def _joined_naming(parts: Sequence[Detections]) -> Naming | None:
    """Return what a classifier says of the cells of all parts; None where it was not asked about any."""
    first = next((part.naming for part in parts if part.naming is not None), None)
    if first is None:
        return None
    joined = first.take(np.zeros(0, dtype=np.int64))
    for part in parts:
        joined = joined.append(part.naming, len(part))
    return joined
