"""A rectangle of a slide as a slide of its own, with the same rule for its values; see `formats.image_parts`."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.plane import Plane
from napari_hemalens.slides.slide import Slide


@dataclass(frozen=True, slots=True, eq=False)
class Cropped:
    """A level of which some axes begin and end elsewhere. Only what is asked for is read.

    Attributes
    ----------
    source : array-like
        As stored.
    ranges : tuple of (int, int)
        For each axis of the source, where it begins and ends.
    """

    source: Any
    ranges: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(end - start for start, end in self.ranges)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the source."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    def __getitem__(self, index: tuple[slice | int, ...]) -> NDArray[Any]:
        """Return a part, by a slice or a number for each axis."""
        moved: list[slice | int] = []
        for asked, (start, end) in zip(index, self.ranges, strict=True):
            if isinstance(asked, int):
                moved.append(start + asked)
            else:
                first, last, step = asked.indices(end - start)
                moved.append(slice(start + first, start + last, step))
        return np.asarray(self.source[tuple(moved)])


def part_of(slide: Slide, rectangle: tuple[int, int, int, int], name: str) -> Slide:
    """Return a rectangle of a slide, y0, x0, y1, x1 in level-0 pixels, under another name.

    It has the levels in which it begins between two pixels, so that a place in one is the same place in all.

    Raises
    ------
    ImageError
        If it is empty, or not entirely inside.
    """
    y0, x0, y1, x1 = rectangle
    height, width = slide.shape
    if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
        raise ImageError(f"its part y {y0} to {y1}, x {x0} to {x1} is not inside: it is {height} x {width} pixels.")
    levels = []
    for level, factor in zip(slide.levels, slide.downsamples, strict=True):
        whole = round(factor)
        if factor != whole or y0 % whole or x0 % whole or min(y1 - y0, x1 - x0) < whole:
            break
        h, w = (min(-(-end // whole), side) for end, side in zip((y1, x1), level.shape, strict=False))
        levels.append(_cropped(level, (y0 // whole, h), (x0 // whole, w)))
    return replace(slide, name=name, levels=tuple(levels))


def _cropped(plane: Plane, rows: tuple[int, int], columns: tuple[int, int]) -> Plane:
    ranges = {axis: (0, int(side)) for axis, side in zip(plane.axes, plane.source.shape, strict=True)}
    ranges |= {"Y": rows, "X": columns}
    return replace(plane, source=Cropped(plane.source, tuple(ranges[axis] for axis in plane.axes)))
