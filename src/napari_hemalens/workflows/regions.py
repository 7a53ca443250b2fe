"""Several regions of one image, detected one after the other, as one result."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.notes import merged_notes
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.stitch import suppress


def join_regions(parts: Sequence[Detections], recipe: DetectionRecipe) -> Detections:
    """Return the cells of several regions of one image as one result; a cell that two regions share counts once."""
    if len(parts) == 1:
        return parts[0]
    whole = replace(
        parts[-1],
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
        provenance=replace(parts[-1].provenance, notes=merged_notes(*(part.provenance.notes for part in parts))),
    )
    nucleated = np.array([cell_class(name).nucleated for name in whole.names])[whole.classes]
    rivals = np.where(nucleated & recipe.one_class_per_cell, -1, whole.classes)  # as inside a region
    return whole.take(suppress(whole.boxes, whole.scores, rivals, iou=recipe.nms_iou))
