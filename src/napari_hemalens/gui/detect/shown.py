"""What layers show, put together and taken apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ShownBoxes


def shown_as(chosen: Detections, rows: NDArray[np.int64], boxes: NDArray[np.float32]) -> ShownBoxes:
    """Return what a layer shows that was made to show cells, by the boxes (N, 4) that are read from it."""
    return ShownBoxes(rows, boxes, chosen.class_names)


def without(shown: ShownBoxes, places: NDArray[np.int64]) -> ShownBoxes:
    """Return what is left of a layer without some of its boxes."""
    rows, boxes = np.delete(shown.rows, places), np.delete(shown.boxes, places, axis=0)
    return ShownBoxes(rows, boxes, np.delete(shown.names, places))


def joined(parts: Sequence[ShownBoxes]) -> ShownBoxes:
    """Return what several layers show, one after the other."""
    return ShownBoxes(
        np.concatenate([np.zeros(0, dtype=np.int64), *(part.rows for part in parts)]),
        np.concatenate([np.zeros((0, 4), dtype=np.float32), *(part.boxes for part in parts)]),
        np.concatenate([np.zeros(0, dtype=np.str_), *(part.names for part in parts)]),
    )
