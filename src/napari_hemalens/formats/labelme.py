"""LabelMe's JSON: one file for each image, with its shapes, read only.

https://github.com/wkentaro/labelme, and tools that keep its layout. A rectangle, polygon or mask gives the box around
its points, a circle that around it; points and lines are no cells.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Box, Draft, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.json_format import JsonFormat
from napari_hemalens.formats.shapes import bounds, ellipse_box

_LEFT_OUT = {"point": "a point", "points": "a group of points", "line": "a line", "linestrip": "a line"}


def _labelled(found: Any) -> Mapping[str, Any] | None:
    about = mapping(found)
    return about if isinstance(about.get("shapes"), list) and "imagePath" in about else None


def _drafts(file: Path, found: Mapping[str, Any]) -> list[Draft]:
    where = locate_image(str(found["imagePath"]), folders_near(file))
    draft = Draft(file, where, size(found.get("imageHeight"), found.get("imageWidth")) or known_size(where))
    for shape in found["shapes"]:
        _add(draft, mapping(shape))
    return [draft]


def _add(draft: Draft, shape: Mapping[str, Any]) -> None:
    kind = str(shape.get("shape_type") or "polygon")
    if kind in _LEFT_OUT:
        draft.leave_out(_LEFT_OUT[kind])
        return
    listed = shape.get("points")
    pairs = [each for each in listed if isinstance(each, list) and len(each) > 1] if isinstance(listed, list) else []
    draft.add(_box(kind, [(number(x), number(y)) for x, y, *_ in pairs]), str(shape.get("label") or ""))


def _box(kind: str, points: Sequence[tuple[float, float]]) -> Box:
    """Return the box around a shape; a circle has its centre and a point on it."""
    if kind == "circle" and len(points) == 2:
        radius = math.dist(*points)
        return ellipse_box(points[0], (radius, radius))
    return bounds(points)


FORMAT = JsonFormat("", "is no JSON of LabelMe: it names no image with shapes.", _labelled, _drafts)
