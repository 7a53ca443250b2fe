"""Boxes around shapes that other tools draw: outlines, ellipses, turned rectangles."""

import math
from collections.abc import Iterable, Sequence

from napari_hemalens.formats.draft import Box


def bounds(points: Iterable[tuple[float, float]]) -> Box:
    """Return the box around points (x, y); a box of NaN, which `Draft.add` leaves out, if there are none."""
    listed = list(points)
    if not listed:
        return (math.nan,) * 4
    xs, ys = zip(*listed, strict=True)
    return min(ys), min(xs), max(ys), max(xs)


def turned_box(box: Box, degrees: float) -> Box:
    """Return the box around one that is turned clockwise about its centre."""
    y0, x0, y1, x1 = box
    if not degrees:
        return box
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    high, wide = abs(y1 - y0) / 2, abs(x1 - x0) / 2
    half_y, half_x = high * cos + wide * sin, high * sin + wide * cos
    y, x = (y0 + y1) / 2, (x0 + x1) / 2
    return y - half_y, x - half_x, y + half_y, x + half_x


def ellipse_box(centre: Sequence[float], radii: Sequence[float], degrees: float = 0.0) -> Box:
    """Return the box around an ellipse of a centre (x, y) and radii (x, y) that is turned clockwise."""
    (x, y), (rx, ry) = centre, radii
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide, high = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
    return y - high, x - wide, y + high, x + wide


def turned_about_corner(corner: tuple[float, float], sides: tuple[float, float], degrees: float) -> Box:
    """Return the box around a rectangle of width and height that is turned clockwise about its upper left corner."""
    (x, y), (width, height) = corner, sides
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return bounds((x + right * cos - down * sin, y + right * sin + down * cos) for right, down in corners)
