"""Levels that a library reads by rectangle, as arrays that are sliced."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rectangle: TypeAlias = tuple[int, int, int, int]
"""y0, x0, y1, x1 in pixels of a level; the far edge is excluded."""

_CHUNK = 512  # pixels: about a tile of most scanners, so that a view decodes little more than it shows


@dataclass(frozen=True, slots=True, eq=False)
class ByRegion:
    """A level in colour, (H, W, 3) uint8, of which rectangles are read when they are asked for.

    Attributes
    ----------
    shape : (int, int, int)
        Height, width and 3.
    read : callable
        Takes a rectangle inside the level; returns (y1 - y0, x1 - x0, 3) uint8.
    """

    shape: tuple[int, int, int]
    read: Callable[[Rectangle], NDArray[np.uint8]]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Colours are uint8."""
        return np.dtype(np.uint8)

    @property
    def ndim(self) -> int:
        """Rows, columns and colours."""
        return 3

    @property
    def chunks(self) -> tuple[int, int, int]:
        """What dask reads at once."""
        return _CHUNK, _CHUNK, 3

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        """Return a rectangle by slices of rows, columns and colours; anything left out is whole."""
        asked: tuple[Any, ...] = index if isinstance(index, tuple) else (index,)
        rows, columns, colours = (asked + (slice(None),) * 3)[:3]
        (y0, y1, _), (x0, x1, _) = rows.indices(self.shape[0]), columns.indices(self.shape[1])
        if y1 <= y0 or x1 <= x0:
            pixels = np.zeros((max(0, y1 - y0), max(0, x1 - x0), 3), np.uint8)
        else:
            pixels = self.read((y0, x0, y1, x1))
        return pixels[:: rows.step or 1, :: columns.step or 1, colours]
