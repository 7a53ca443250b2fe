"""Which tiles of a stained smear are empty, so that no network has to analyse them.

Written for bright field, where cells are darker than the glass around them. Doubtful tiles are
analysed: a missed cell is lost, an unnecessary tile costs a fraction of a second. What is looked at are means of
4 x 4 pixels, which a coarser level of a slide holds already: a tile that is empty there is not read at all.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK = 4
"""Pixels a side of what is looked at: a mean has little of the camera's noise, and most of a platelet's contrast."""

_APART = 8  # blocks: within 32 pixels uneven light changes little, and a cell has an edge
_CONTRAST = 12  # grey levels; the palest cells of two public sets of smears differ by 23 or more
_GLASS = 120  # grey levels: darker is the inside of a cell, or not bright field


def is_background(tile: NDArray[np.uint8], *, shrunk: float = 1) -> bool:
    """Return whether a tile is certainly empty: bright and even in every channel, or of one value throughout.

    Parameters
    ----------
    tile : (h, w, 3) uint8
        RGB, 0-255.
    shrunk : float
        How many times coarser it is than what a network would look at, up to `BLOCK`.
    """
    if (tile == tile[:1, :1]).all():  # beyond the scan, NaN, or a drawn area: no camera gives the same value twice
        return True
    blocks = _block_means(tile, max(1, int(BLOCK / shrunk)))
    return bool(blocks.min() >= _GLASS and all(_steepest(blocks, axis) < _CONTRAST for axis in (0, 1)))


def _steepest(blocks: NDArray[np.float32], axis: int) -> float:
    """Return the largest difference of blocks that lie `_APART` along `axis`, in any channel."""
    along = np.moveaxis(blocks, axis, 0)
    apart = min(_APART, len(along) - 1)
    return float(np.abs(along[apart:] - along[: len(along) - apart]).max())


def _block_means(tile: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Return the means of blocks; incomplete ones at the far edges are padded by repeating the edge."""
    height, width, _ = tile.shape
    padded = np.pad(tile, ((0, -height % side), (0, -width % side), (0, 0)), mode="edge")
    rows = padded.reshape(-1, side, padded.shape[1], 3).sum(axis=1, dtype=np.uint16)
    sums = rows.reshape(len(rows), -1, side, 3).sum(axis=2, dtype=np.uint16)
    means: NDArray[np.float32] = sums.astype(np.float32) / side**2
    return means
