"""LabelMe's JSON: one file for each image, with its shapes, read only.

https://github.com/wkentaro/labelme, and tools that keep its layout. A rectangle, polygon or mask gives the box around
its points, a circle that around it; points and lines are no cells.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.formats import documents
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Box, Draft, drafts_of, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.shapes import bounds, ellipse_box
from napari_hemalens.records.detections import Detections

_LEFT_OUT = {"point": "a point", "points": "a group of points", "line": "a line", "linestrip": "a line"}
_NONE = "is no JSON of LabelMe: it names no image with shapes."


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find JSON of LabelMe there."""
    return any(_is_labelme(documents.content(file)) for file in _files(path, split))


def read(path: Path, *, split: str | None = None, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record per file.

    Parameters
    ----------
    path : Path
        A file, or the folder of all (`documents.files_of`). Images are searched beside it and in `images/`.
    split : str, optional
        Reads the file of that name, or the files in the folder of that name.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    return finish_drafts(drafts_of(path, _files(path, split), _drafts, _NONE), names)


def _files(path: Path, split: str | None) -> list[Path]:
    return documents.files_of(path, split, "")


def _is_labelme(found: Any) -> bool:
    about = mapping(found)
    return isinstance(about.get("shapes"), list) and "imagePath" in about


def _drafts(file: Path) -> list[Draft] | None:
    found = documents.content(file)
    if not _is_labelme(found):
        return None
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
