"""Label Studio's exports JSON and JSON-MIN: a list of tasks, one for each image, read only.

https://labelstud.io/guide/export.html, https://labelstud.io/tags/. Rectangles, ellipses, polygons and brushes give the
box around them. Their numbers are per cent of the image's width and height, whose pixels each region states.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from napari_hemalens.formats.brush import brush_box
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Box, Draft, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.json_format import JsonFormat
from napari_hemalens.formats.shapes import bounds, ellipse_box, turned_about_corner

_SHAPES = ("rectangle", "ellipse", "polygon", "brush")
_LEFT_OUT = {"keypoint": "a point", "choices": "a choice for the whole image"}
_SEVERAL = "Several people annotated the image: the cells of the first are read."


def _drafts(file: Path, tasks: Sequence[Mapping[str, Any]]) -> list[Draft]:
    """Return a draft per task; of several annotations of a task it has the first that was not cancelled."""
    folders = folders_near(file)
    return [_draft(file, task, folders) for task in tasks]


def _tasks(found: Any) -> list[Mapping[str, Any]] | None:
    """Return the tasks of an export; None if a file is none."""
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not listed:
        return None
    tasks: list[Mapping[str, Any]] = [task for task in listed if isinstance(task, dict)]
    return tasks if any(_regions(task) is not None for task in tasks) else None


def _regions(task: Mapping[str, Any]) -> list[Any] | None:
    """Return the regions of a task; None if it is none."""
    said = task.get("annotations", task.get("completions"))
    if isinstance(task.get("data"), dict) and isinstance(said, list):
        kept = [each for each in said if isinstance(each, dict) and not each.get("was_cancelled")]
        regions = kept[0].get("result") if kept else []
        return regions if isinstance(regions, list) else []
    plain = [value for value in task.values() if isinstance(value, list)]  # JSON-MIN: a list for each tool
    regions = [region for value in plain for region in value if isinstance(region, dict) and "original_width" in region]
    return regions or None


def _draft(file: Path, task: Mapping[str, Any], folders: Sequence[Path]) -> Draft:
    regions = _regions(task) or []
    where = locate_image(_image_name(task), folders)
    sizes = (size(mapping(r).get("original_height"), mapping(r).get("original_width")) for r in regions)
    draft = Draft(file, where, next(filter(None, sizes), None) or known_size(where))
    said = task.get("annotations", task.get("completions"))
    if isinstance(said, list) and sum(not mapping(each).get("was_cancelled") for each in said) > 1:
        draft.notes += (_SEVERAL,)
    for region, labels in _joined(regions):
        _add(draft, region, labels)
    return draft


def _image_name(task: Mapping[str, Any]) -> str:
    """Return what an image is called: the last part of its address, or the file that a local one asks for."""
    about = task["data"] if isinstance(task.get("data"), dict) else task
    texts = {str(key): value for key, value in about.items() if isinstance(value, str) and value}
    named = next((texts[key] for key in ("image", "img", "ocr") if key in texts), None)
    named = named or next((value for value in texts.values() if "/" in value or "." in value), "")
    asked = parse_qs(urlsplit(named).query).get("d")
    return asked[0] if asked else named.split("?", maxsplit=1)[0]


def _joined(regions: Iterable[Any]) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Yield each region with its labels, which a tool of its own may state in another entry of the same id."""
    shapes: dict[Any, Mapping[str, Any]] = {}
    labels: dict[Any, list[str]] = {}
    for place, region in enumerate(map(mapping, regions)):
        value = mapping(region.get("value", region))
        key = region.get("id", place)
        found = [item for name, listed in value.items() if name.endswith("labels") for item in _texts(listed)]
        labels.setdefault(key, []).extend(found)
        if key not in shapes or _kind(shapes[key]) == "labels":
            shapes[key] = region
    for key, region in shapes.items():
        yield region, labels[key]


def _texts(found: Any) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list) else []


def _kind(region: Mapping[str, Any]) -> str:
    """Return the kind of a region: 'rectangle', 'ellipse', …; JSON-MIN does not state it."""
    stated = str(region.get("type", ""))
    if stated:
        return stated.removesuffix("labels") or stated
    value = mapping(region.get("value", region))
    marks = {"points": "polygon", "radiusX": "ellipse", "rle": "brush", "width": "rectangle"}
    return next((kind for key, kind in marks.items() if key in value), "labels" if not value else "keypoint")


def _add(draft: Draft, region: Mapping[str, Any], labels: Sequence[str]) -> None:
    kind, value = _kind(region), mapping(region.get("value", region))
    stated = size(region.get("original_height"), region.get("original_width")) or draft.shape
    if kind not in _SHAPES:
        draft.leave_out(_LEFT_OUT.get(kind, f"a region of the kind {kind or 'labels'}"))
    elif stated is None:
        draft.leave_out("a region of an image whose size is not stated")
    elif number(region.get("image_rotation"), 0.0) % 360:
        draft.leave_out("a region on an image that was turned in Label Studio")
    else:
        draft.add(_box(kind, value, stated), labels[0] if labels else "", number(value.get("score"), 1.0))


def _box(kind: str, value: Mapping[str, Any], shape: tuple[int, int]) -> Box:
    """Return the box around a region, in pixels of an image of (height, width)."""
    down, across = shape[0] / 100, shape[1] / 100
    if kind == "brush":
        return brush_box(value.get("rle"), shape)
    if kind == "polygon":
        listed = value.get("points")
        points = (
            [point for point in listed if isinstance(point, list) and len(point) > 1]
            if isinstance(listed, list)
            else []
        )
        return bounds((number(x) * across, number(y) * down) for x, y, *_ in points)
    x, y, turn = (number(value.get(key), 0.0 if key == "rotation" else math.nan) for key in ("x", "y", "rotation"))
    if kind == "ellipse":
        radii = number(value.get("radiusX")) * across, number(value.get("radiusY")) * down
        return ellipse_box((x * across, y * down), radii, turn)
    sides = number(value.get("width")) * across, number(value.get("height")) * down
    return turned_about_corner((x * across, y * down), sides, turn)


FORMAT = JsonFormat("result.json", "is no export of Label Studio: it lists no tasks with images.", _tasks, _drafts)
