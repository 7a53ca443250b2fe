"""Results of detection and of classification as the cells of a gallery, and what is named there given back to them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.classified import UNCORRECTED
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.gallery import NO_CLASS, GalleryCells


def gallery_of_boxes(fields: Sequence[ReviewedBoxes], score_threshold: float) -> GalleryCells:
    """Return the cells of detected fields that are on screen at a score, all of one set of classes.

    Sizes are mean sides in micrometres, or in pixels where no pixel size is known.
    """
    names = fields[0].cells.names if fields else ()
    shown = [np.flatnonzero(each.visible(score_threshold)) for each in fields]
    known = any(each.cells.provenance.pixel_size_um for each in fields)
    classes, given, certainty, sizes = [], [], [], []
    for each, rows in zip(fields, shown, strict=True):
        cells = each.cells.take(rows)
        index = np.array([names.index(name) if name in names else NO_CLASS for name in cells.names], dtype=np.int64)
        classes.append(index[cells.classes])
        given.append(each.touched[rows])
        certainty.append(np.where(np.isnan(cells.certainty), cells.scores, cells.certainty))
        pixel = (each.cells.provenance.pixel_size_um or np.nan) if known else 1.0
        sizes.append((cells.boxes[:, 2:] - cells.boxes[:, :2]).mean(axis=1) * pixel)
    return _joined(names, (classes, given, certainty, sizes), shown)


def name_boxes(
    fields: Sequence[ReviewedBoxes], cells: GalleryCells, chosen: Iterable[int], name: str
) -> tuple[ReviewedBoxes, ...]:
    """Return fields whose chosen cells of a gallery have a class of a person; the others are the same objects."""
    picked = np.fromiter(chosen, dtype=np.int64)
    result = []
    for index, each in enumerate(fields):
        rows = cells.rows[picked[cells.images[picked] == index]]
        result.append(each.with_classes(rows, [name] * len(rows)))
    return tuple(result)


def gallery_of_classes(reviewed: Sequence[ReviewedClasses]) -> GalleryCells:
    """Return the cells of classified label images of one task.

    Sizes are diameters in micrometres of discs with their areas, or in pixels where no pixel size is known.
    """
    names = reviewed[0].cells.names if reviewed else ()
    known = any(each.cells.provenance.pixel_size_um for each in reviewed)
    classes, given, certainty, sizes = [], [], [], []
    for each in reviewed:
        classes.append(each.current.classes)
        given.append(each.given != UNCORRECTED)
        certainty.append(each.cells.predicted_scores)
        pixel = (each.cells.provenance.pixel_size_um or np.nan) if known else 1.0
        sizes.append(2 * np.sqrt(each.cells.areas / np.pi) * pixel)
    return _joined(names, (classes, given, certainty, sizes), [np.arange(len(each.cells)) for each in reviewed])


def name_cells(
    reviewed: Sequence[ReviewedClasses], cells: GalleryCells, chosen: Iterable[int], name: str
) -> tuple[ReviewedClasses, ...]:
    """Return classified cells, of which those chosen in a gallery have a class of a person; '' takes it back."""
    picked = np.fromiter(chosen, dtype=np.int64)
    result = []
    for index, each in enumerate(reviewed):
        rows = cells.rows[picked[cells.images[picked] == index]]
        numbers = each.cells.ids[rows].tolist()
        result.append(each.with_corrections(dict.fromkeys(numbers, name)) if numbers else each)
    return tuple(result)


def _joined(
    names: tuple[str, ...], columns: Sequence[Sequence[NDArray[Any]]], rows: Sequence[NDArray[np.int64]]
) -> GalleryCells:
    """Return columns of several images, classes, given, certainty and sizes, as one."""
    none = (np.zeros(0, kind) for kind in (np.int64, np.bool_, np.float32, np.float32))
    classes, given, certainty, sizes = (
        np.concatenate([empty, *column]).astype(empty.dtype) for empty, column in zip(none, columns, strict=True)
    )
    images = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
    return GalleryCells(names, classes, given, certainty, sizes, images, np.concatenate([np.zeros(0, np.int64), *rows]))
