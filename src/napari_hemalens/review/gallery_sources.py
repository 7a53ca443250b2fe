"""Results of detection and of classification as the cells of a gallery, and what is named there given back to them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_hemalens.records.classified import UNCORRECTED
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.gallery import GalleryCells

_Columns: TypeAlias = tuple[NDArray[Any], ...]
"""Of one image: classes, given, certainty, sizes, unsure, as `GalleryCells` has them."""


def gallery_of_boxes(
    fields: Sequence[ReviewedBoxes], score_threshold: float, shown: Sequence[NDArray[np.bool_]] | None = None
) -> GalleryCells:
    """Return the cells of detected fields that are on screen at a score, by the classes of all fields.

    Sizes are mean sides in micrometres, or in pixels where no pixel size is known.

    Parameters
    ----------
    fields : sequence of ReviewedBoxes
        One an image.
    score_threshold : float
        What nobody touched is shown from this score on.
    shown : sequence of (N,) bool, optional
        Which cells of each field a filter lets through.
    """
    names = tuple(dict.fromkeys(name for each in fields for name in each.cells.names))
    masks = [each.visible(score_threshold) for each in fields]
    masks = masks if shown is None else [mask & let for mask, let in zip(masks, shown, strict=True)]
    of_fields = [np.flatnonzero(mask) for mask in masks]
    known = any(each.cells.provenance.pixel_size_um for each in fields)
    columns: list[_Columns] = []
    for each, rows in zip(fields, of_fields, strict=True):
        cells = each.cells.take(rows)
        index = np.array([names.index(name) for name in cells.names], dtype=np.int64)
        certainty = np.where(np.isnan(cells.certainty), cells.scores, cells.certainty)
        pixel = (each.cells.provenance.pixel_size_um or np.nan) if known else 1.0
        sizes = (cells.boxes[:, 2:] - cells.boxes[:, :2]).mean(axis=1) * pixel
        columns.append((index[cells.classes], each.touched[rows], certainty, sizes, cells.unsure))
    return replace(_joined(names, columns, of_fields), sized_in=_unit(known, of_fields))


def name_boxes(
    fields: Sequence[ReviewedBoxes], cells: GalleryCells, chosen: Iterable[int], name: str | None
) -> tuple[ReviewedBoxes, ...]:
    """Return fields whose chosen cells of a gallery have a class of a person; the others are the same objects.

    None confirms the class that each of them has.
    """
    picked = np.fromiter(chosen, dtype=np.int64)
    result = []
    for index, each in enumerate(fields):
        rows = cells.rows[picked[cells.images[picked] == index]]
        result.append(each.with_classes(rows, each.cells.class_names[rows] if name is None else [name] * len(rows)))
    return tuple(result)


def gallery_of_classes(
    reviewed: Sequence[ReviewedClasses], shown: Sequence[NDArray[np.bool_]] | None = None
) -> GalleryCells:
    """Return the cells of classified label images of one task.

    Sizes are diameters in micrometres of discs with their areas, or in pixels where no pixel size is known.

    Parameters
    ----------
    reviewed : sequence of ReviewedClasses
        One an image.
    shown : sequence of (N,) bool, optional
        Which cells of each a filter lets through.
    """
    names = tuple(dict.fromkeys(name for each in reviewed for name in each.cells.names))
    of_images = [np.arange(len(each.cells)) for each in reviewed]
    if shown is not None:
        of_images = [np.flatnonzero(mask) for mask in shown]
    known = any(each.cells.provenance.pixel_size_um for each in reviewed)
    columns: list[_Columns] = []
    for each, rows in zip(reviewed, of_images, strict=True):
        index = np.array([names.index(name) for name in each.cells.names], dtype=np.int64)
        pixel = (each.cells.provenance.pixel_size_um or np.nan) if known else 1.0
        sizes = 2 * np.sqrt(each.cells.areas / np.pi) * pixel
        given = each.given != UNCORRECTED
        every = (index[each.current.classes], given, each.cells.predicted_scores, sizes, np.zeros_like(given))
        columns.append(tuple(column[rows] for column in every))
    return replace(_joined(names, columns, of_images), sized_in=_unit(known, of_images))


def name_cells(
    reviewed: Sequence[ReviewedClasses], cells: GalleryCells, chosen: Iterable[int], name: str | None
) -> tuple[ReviewedClasses, ...]:
    """Return classified cells, of which those chosen in a gallery have a class of a person.

    None confirms the class that each of them has, '' takes back what was said.
    """
    picked = np.fromiter(chosen, dtype=np.int64)
    result = []
    for index, each in enumerate(reviewed):
        rows = cells.rows[picked[cells.images[picked] == index]]
        numbers = each.cells.ids[rows].tolist()
        names = each.current.class_names[rows].tolist() if name is None else [name] * len(rows)
        result.append(each.with_corrections(dict(zip(numbers, names, strict=True))) if numbers else each)
    return tuple(result)


def _unit(known: bool, images: Sequence[object]) -> str:
    """Return in what sizes are given."""
    return ("µm" if known else "px") if images else ""


def _joined(names: tuple[str, ...], columns: Sequence[_Columns], rows: Sequence[NDArray[np.int64]]) -> GalleryCells:
    """Return the cells of several images as those of one gallery."""
    kinds: tuple[DTypeLike, ...] = (np.int64, np.bool_, np.float32, np.float32, np.bool_)
    joined: list[NDArray[Any]] = [
        np.concatenate([np.zeros(0, kind), *(column[k] for column in columns)]).astype(kind)
        for k, kind in enumerate(kinds)
    ]
    classes, given, certainty, sizes, unsure = joined
    images = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
    places = np.concatenate([np.zeros(0, np.int64), *rows])
    return GalleryCells(names, classes, given, certainty, sizes, images, places, unsure)
