"""Shared by the writers of all formats: rounded cells, listed classes, one file per image."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from napari_hemalens.formats.draft import Box
from napari_hemalens.formats.naming import file_stems, short_names
from napari_hemalens.records.detections import Detections


def one_file_each(fields: Sequence[Detections]) -> Iterator[tuple[str, str, Detections]]:
    """Yield, for each image, the stem of the file to write (see `file_stems`), the short name, and the record."""
    stems = file_stems([f.provenance.title for f in fields])
    yield from zip(stems, short_names(fields), fields, strict=True)


def rounded_cells(detections: Detections) -> Iterator[tuple[Box, str, float]]:
    """Return an iterator over box, class and score of each cell, rounded to 0.01 px and 0.0001."""
    boxes = detections.boxes.astype(np.float64).round(2).tolist()
    scores = detections.scores.astype(np.float64).round(4).tolist()
    return zip(map(_box, boxes), detections.class_names.tolist(), scores, strict=True)


def listed_classes(fields: Iterable[Detections]) -> tuple[str, ...]:
    """Return the classes to list in a file of these fields: recognised, predicted or assigned to a cell.

    Other classes are left out, so that they are not mistaken for a count of 0.
    """
    listed: dict[str, None] = {}
    for detections in fields:
        known = {*detections.recognised, *detections.counts(), *detections.predicted_class_names.tolist()}
        listed |= dict.fromkeys(name for name in detections.names if name in known)
    return tuple(listed)


def _box(corners: Sequence[float]) -> Box:
    y0, x0, y1, x1 = corners
    return y0, x0, y1, x1
