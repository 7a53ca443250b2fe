"""Which boxes are the same cell, and which lie in a region."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.slides.region import Region

SAME_CELL = 0.5
"""Overlap (IoU) from which a box found by another run is the cell that a person has already dealt with."""

_BLOCK = 1024  # rows of a table of overlaps held in memory at once


def same_cells(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of `boxes` (N, 4) are, by their overlap, one of the cells `others` (M, 4): shape (N,)."""
    same = np.zeros(len(boxes), dtype=bool)
    for start in range(0, len(boxes), _BLOCK):
        block = slice(start, start + _BLOCK)
        same[block] = _overlaps(boxes[block], others).max(axis=1, initial=0) >= SAME_CELL
    return same


def best_overlaps(
    boxes: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return, of each of `boxes` (N, 4), which of `others` (M, 4), at least one, overlaps it most, and by how much."""
    nearest, overlap = np.zeros(len(boxes), dtype=np.int64), np.zeros(len(boxes), dtype=np.float32)
    for start in range(0, len(boxes), _BLOCK):
        block = slice(start, start + _BLOCK)
        found = _overlaps(boxes[block], others)
        nearest[block], overlap[block] = found.argmax(axis=1), found.max(axis=1)
    return nearest, overlap


def _overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union of each pair: shape (N, M)."""
    near = np.maximum(boxes[:, None, :2], others[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(far - near, 0, None).prod(axis=-1)  # (N, M)
    areas = [(b[:, 2:] - b[:, :2]).prod(axis=1) for b in (boxes, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    overlap: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def inside_regions(centres: NDArray[np.float32], regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Return which centres lie in a region; all of them where there are no regions."""
    inside = np.full(len(centres), not regions)
    for region in regions:
        inside |= np.all((centres >= region[:2]) & (centres < region[2:]), axis=1)
    return inside


def touching_regions(boxes: NDArray[np.float32], regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Return which boxes share pixels with a region."""
    touching = np.zeros(len(boxes), dtype=bool)
    for region in regions:
        touching |= np.all((boxes[:, 2:] > region[:2]) & (boxes[:, :2] < region[2:]), axis=1)
    return touching
