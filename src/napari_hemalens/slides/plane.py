"""One frame of an array of any kind, as rows, columns and channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One frame of an array of any kind, viewed as (height, width, channels).

    Only the pixels requested are read.

    Attributes
    ----------
    source : array-like
        Anything with `shape`, `dtype` and slicing: numpy, dask, zarr, a memory map.
    axes : str
        One letter per axis of `source`, with `Y` and `X` among them.
    colour : str
        The letter of the axis that holds the channels, or empty for grey.
    frame : mapping of str to int
        The index along each other axis.
    """

    source: Any
    axes: str
    colour: str = ""
    frame: Mapping[str, int] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        sizes = dict(zip(self.axes, self.source.shape, strict=True))
        return sizes["Y"], sizes["X"], sizes.get(self.colour, 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values, as stored."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    def __getitem__(self, region: tuple[slice, slice], /) -> NDArray[Any]:
        """Return the rows and columns of `region` as stored: shape (h, w, C)."""
        wanted: dict[str, slice | int] = {"Y": region[0], "X": region[1], **self.frame}
        part = np.asarray(self.source[tuple(wanted.get(axis, slice(None)) for axis in self.axes)])
        left = [axis for axis in self.axes if axis not in self.frame]
        part = part.transpose([left.index(axis) for axis in f"YX{self.colour}"])
        return part if self.colour else part[..., None]
