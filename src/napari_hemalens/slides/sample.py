"""A limited sample of a level: enough to set one rule for a whole slide, however large it is."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.slides.plane import Plane

_SAMPLE = 1 << 20  # pixels
_BLOCKS = 8  # per side: a large level is sampled in 64 blocks of 128 x 128 pixels


def sample_pixels(level: Plane, *, shrink: int = 1) -> NDArray[Any]:
    """Return up to about a million finite pixels, spread over `level`: shape (N, C).

    Parameters
    ----------
    level : Plane
        Of which slide does not matter.
    shrink : int
        Squares of so many pixels a side are averaged to one, which takes noise away; 1: values as stored.
    """
    height, width, channels = level.shape
    if height * width <= _SAMPLE:
        regions = [(slice(0, height), slice(0, width))]
    else:
        regions = list(product(_spread(height), _spread(width)))
    pixels = np.concatenate([_averaged(level[region], shrink).reshape(-1, channels) for region in regions])
    finite = pixels[np.isfinite(pixels).all(axis=1)]
    return finite if len(finite) else np.zeros((1, channels), dtype=pixels.dtype)


def _averaged(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the means of squares of (h, w, C); what fills none is left out, unless nothing would be left."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    if side == 1 or not (rows and columns):
        return values
    squares = values[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
    means: NDArray[Any] = squares.mean(axis=(1, 3), dtype=np.float64)
    return means


def _spread(length: int) -> list[slice]:
    """Return evenly spaced ranges with a total length of at most 1,024."""
    side = int(_SAMPLE**0.5)
    if length <= side:
        return [slice(0, length)]
    starts = np.linspace(0, length - side // _BLOCKS, _BLOCKS).astype(int)
    return [slice(int(start), int(start) + side // _BLOCKS) for start in starts]
