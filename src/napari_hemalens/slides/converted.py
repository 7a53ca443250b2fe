"""Levels whose stored values stand for others, or for none: white stored as 0, indices into a palette, a fourth value.

Read on demand.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Inverted:
    """A level in which the greatest value is black, as scanners and fax machines store grey (MINISWHITE).

    Attributes
    ----------
    source : array-like of bool or unsigned integers
        As stored.
    white : int
        The greatest value that its bits can hold, which is stored for black.
    """

    source: Any
    white: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the source."""
        return tuple(self.source.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the source."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    def __getitem__(self, index: Any) -> NDArray[Any]:
        values = np.asarray(self.source[index])
        turned: NDArray[Any] = ~values if values.dtype == np.bool_ else np.asarray(self.white - values, values.dtype)
        return turned


@dataclass(frozen=True, slots=True, eq=False)
class Coloured:
    """A level of indices into a palette, as RGB along a last axis of its own.

    Attributes
    ----------
    source : array-like of unsigned integers
        As stored; what lies beyond the palette is read as its last colour.
    palette : (K, 3) uint8
        Red, green and blue of each value.
    """

    source: Any
    palette: NDArray[np.uint8]

    @classmethod
    def from_colormap(cls, source: Any, colormap: NDArray[Any]) -> Self:
        """Return a level with the colours of a TIFF file: (3, K) uint16, of which some programs fill 8 bits alone."""
        scale = 257 if colormap.max(initial=0) > 255 else 1
        return cls(source, (colormap.T // scale).astype(np.uint8))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the source, and 3."""
        return (*self.source.shape, 3)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Colours are uint8."""
        return np.dtype(np.uint8)

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[np.uint8]:
        values = np.asarray(self.source[index[:-1]])
        colours: NDArray[np.uint8] = self.palette[np.minimum(values, len(self.palette) - 1)]
        return colours[..., index[-1]]


@dataclass(frozen=True, slots=True, eq=False)
class WithoutFourth:
    """A level of four values a pixel, of which the file does not say that the fourth is alpha, as RGB.

    Attributes
    ----------
    source : array-like
        As stored.
    axis : int
        Along which its four values lie.
    """

    source: Any
    axis: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the source, 3 along the axis."""
        return tuple(3 if axis == self.axis else length for axis, length in enumerate(self.source.shape))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the source."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[Any]:
        wanted = list(index)
        if isinstance(wanted[self.axis], slice):
            wanted[self.axis] = slice(*wanted[self.axis].indices(3))
        return np.asarray(self.source[tuple(wanted)])
