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
    light : int or tuple of float, optional
        Which channel is the only one, of those that are stored; or the weight of each in a sum that is the only one.
        None: all of them.
    """

    source: Any
    axes: str
    colour: str = ""
    frame: Mapping[str, int] = field(default_factory=dict)
    light: int | tuple[float, ...] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        sizes = dict(zip(self.axes, self.source.shape, strict=True))
        return sizes["Y"], sizes["X"], 1 if self.light is not None else self.stored_channels

    @property
    def stored_channels(self) -> int:
        """Channels of the source, whichever of them are read."""
        return int(self.source.shape[self.axes.index(self.colour)]) if self.colour else 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values, as stored."""
        kind: np.dtype[Any] = np.dtype(self.source.dtype)
        return kind

    def __getitem__(self, region: tuple[slice, slice], /) -> NDArray[Any]:
        """Return the rows and columns of `region` as stored: shape (h, w, C)."""
        wanted: dict[str, slice | int] = {"Y": region[0], "X": region[1], **self.frame}
        if isinstance(self.light, int):
            wanted[self.colour] = self.light
        part = np.asarray(self.source[tuple(wanted.get(axis, slice(None)) for axis in self.axes)])
        left = [axis for axis in self.axes if isinstance(wanted.get(axis, slice(None)), slice)]
        part = part.transpose([left.index(axis) for axis in ("Y", "X", self.colour) if axis in left])
        if isinstance(self.light, tuple):
            return _mixed(part, self.light)
        return part if part.ndim == 3 else part[..., None]


def _mixed(values: NDArray[Any], weights: tuple[float, ...]) -> NDArray[Any]:
    """Return the weighted sum (h, w, 1) of the first channels of (h, w, C), in the same type."""
    mixed: NDArray[np.float64] = values[..., : len(weights)].astype(np.float64) @ np.array(weights)[:, None]
    if np.issubdtype(values.dtype, np.floating):
        return mixed.astype(values.dtype)
    if values.dtype == np.bool_:
        return mixed > 0.5
    limits = np.iinfo(values.dtype)
    return np.rint(mixed).clip(limits.min, limits.max).astype(values.dtype)
