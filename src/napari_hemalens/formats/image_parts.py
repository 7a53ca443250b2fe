"""Rectangles of an image that stand for images of their own, said behind its path: `slide.svs [Y=0-4096,X=512-4608]`.

An annotator of a whole slide looks at a few areas of it, and only there is a cell without a box a mistake. So every
such area is an image: whatever opens images takes such a name, and boxes count from the rectangle's corner.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from napari_hemalens.records.detections import Detections

Rectangle: TypeAlias = tuple[int, int, int, int]
"""y0, x0, y1, x1 in level-0 pixels; the far edge is excluded."""

_NAMED = re.compile(r"(.+) \[Y=(\d+)-(\d+),X=(\d+)-(\d+)\]")


def part_name(image: str | Path, rectangle: Rectangle) -> str:
    """Return the name of a rectangle of an image."""
    y0, x0, y1, x1 = rectangle
    return f"{image} [Y={y0}-{y1},X={x0}-{x1}]"


def split_part(name: str | Path) -> tuple[str, Rectangle | None]:
    """Return a name as that of the image and the rectangle; None where it is all of an image."""
    found = _NAMED.fullmatch(str(name))
    if found is None:
        return str(name), None
    y0, y1, x0, x1 = (int(number) for number in found.groups()[1:])
    return found[1], (y0, x0, y1, x1)


def whole_path(name: str | Path) -> Path:
    """Return the path of the file or folder that a name, of an image or of a part of it, stands for."""
    return Path(split_part(name)[0])


def join_parts(fields: Iterable[Detections], size: tuple[int, int] | None = None) -> tuple[Detections, ...]:
    """Return annotations with the parts of an image put together, where their cells lie in it; others as they are.

    Parameters
    ----------
    fields : iterable of Detections
        All with the same classes; of which image is what their provenance says.
    size : (int, int), optional
        Height and width of the images; by default as far as their parts reach.
    """
    by_image: dict[str, list[tuple[Detections, Rectangle | None]]] = {}
    for field in fields:
        image, rectangle = split_part(field.provenance.image)
        by_image.setdefault(f"{image}|{field.provenance.frame}", []).append((field, rectangle))
    return tuple(_joined(parts, size) for parts in by_image.values())


def _joined(parts: Sequence[tuple[Detections, Rectangle | None]], size: tuple[int, int] | None) -> Detections:
    first, rectangle = parts[0]
    if rectangle is None:
        return first
    shifts = [np.array(place[:2] * 2 if place else (0,) * 4, dtype=np.float32) for _, place in parts]
    reach = np.array([place[2:] for _, place in parts if place]).max(axis=0)
    notes = tuple(dict.fromkeys(note for field, _ in parts for note in field.provenance.notes))
    return Detections.from_arrays(
        np.concatenate([field.boxes + shift for (field, _), shift in zip(parts, shifts, strict=True)]),
        np.concatenate([field.scores for field, _ in parts]),
        np.concatenate([field.classes for field, _ in parts]),
        names=first.names,
        image_shape=size or (int(reach[0]), int(reach[1])),
        recognised=first.recognised,
        provenance=replace(first.provenance, image=split_part(first.provenance.image)[0], notes=notes),
    )
