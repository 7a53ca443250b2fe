"""The shapes that VIA draws, as the boxes around them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from napari_hemalens.formats.draft import Box, number
from napari_hemalens.formats.shapes import bounds, ellipse_box


def drawn_box(shape: Any) -> Box | str:
    """Return the box of a shape of version 1 or 2; of what is none, its kind, in words."""
    name = shape.get("name") if isinstance(shape, dict) else None
    read = _NAMED.get(str(name))
    if read is not None:
        return read(shape)
    return "a point" if name == "point" else "a region without a shape"


def numbered_box(xy: Any) -> Box | str:
    """Return the box of a shape of version 3, whose first number says its kind; of what is none, its kind, in words."""
    values = [number(value) for value in xy] if isinstance(xy, (list, tuple)) else []
    read = _NUMBERED.get(values[0]) if values else None
    needed = _NEEDED.get(values[0], 2) if values else 1
    if values and values[0] == _POINT:
        return "a point"
    if read is None or len(values) <= needed:
        return "a region without a shape"
    return read(values[1:])


def _rectangle(x: float, y: float, width: float, height: float) -> Box:
    return y, x, y + height, x + width


def _outline(xs: Any, ys: Any) -> Box | str:
    if not isinstance(xs, list) or not isinstance(ys, list) or min(len(xs), len(ys)) < 2:
        return "an outline of fewer than two points"
    return bounds(zip(map(number, xs), map(number, ys), strict=False))


def _of(shape: Mapping[str, Any], *keys: str) -> tuple[float, ...]:
    return tuple(number(shape.get(key)) for key in keys)


_NAMED: Mapping[str, Callable[[Mapping[str, Any]], Box | str]] = {
    "rect": lambda s: _rectangle(*_of(s, "x", "y", "width", "height")),
    "circle": lambda s: ellipse_box(_of(s, "cx", "cy"), _of(s, "r", "r")),
    "ellipse": lambda s: ellipse_box(_of(s, "cx", "cy"), _of(s, "rx", "ry"), math.degrees(number(s.get("theta"), 0.0))),
    "polygon": lambda s: _outline(s.get("all_points_x"), s.get("all_points_y")),
    "polyline": lambda s: _outline(s.get("all_points_x"), s.get("all_points_y")),
}

_POINT = 1.0
_NEEDED: Mapping[float, int] = {2.0: 4, 3.0: 3, 4.0: 4, 5.0: 4, 6.0: 4, 7.0: 4}
_NUMBERED: Mapping[float, Callable[[Sequence[float]], Box]] = {
    2.0: lambda v: _rectangle(*v[:4]),
    3.0: lambda v: ellipse_box(v[:2], (v[2], v[2])),
    4.0: lambda v: ellipse_box(v[:2], v[2:4]),
    **{kind: lambda v: bounds(zip(v[::2], v[1::2], strict=False)) for kind in (5.0, 6.0, 7.0, 8.0, 9.0)},
}
"""VIA 3's shapes: rectangle, circle, ellipse, line, polyline, polygon, and the two rectangles of its extreme points."""
