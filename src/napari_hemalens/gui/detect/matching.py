"""Which boxes two lists have in common."""

import numpy as np
from numpy.typing import NDArray

_FINENESS = 16  # parts of a pixel that make a difference: finer than the eye
_HALF, _SPAN = 1 << 30, 1 << 31  # of a coordinate in such parts


def matched(wanted: NDArray[np.float32], shown: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which wanted box (N, 4) each shown box (M, 4) that may stay already is, in the order shown, and the rest.

    The rest are places in `shown` of boxes that are not wanted. Equal boxes are matched one to one.
    """
    groups = _groups(np.concatenate([wanted, shown]))
    ours, theirs = _numbered(groups[: len(wanted)]), _numbered(groups[len(wanted) :])
    _, places, kept = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return places[np.argsort(kept)], np.setdiff1d(np.arange(len(shown)), kept)


def _groups(boxes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return a number for each box (N,), the same for boxes that agree."""
    y0, x0, y1, x1 = np.round(boxes * _FINENESS).astype(np.int64).T + _HALF
    near, far = (np.unique(y * _SPAN + x, return_inverse=True)[1] for y, x in ((y0, x0), (y1, x1)))
    groups: NDArray[np.int64] = np.unique(near * _SPAN + far, return_inverse=True)[1]
    return groups


def _numbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each member of a group (N,), which no other has: the first of each, the second and so on."""
    order = np.argsort(groups, kind="stable")
    arranged = groups[order]
    first = np.searchsorted(arranged, arranged)
    numbered = np.empty_like(groups)
    numbered[order] = arranged * _SPAN + np.arange(len(groups)) - first
    return numbered
