"""One box per cell: non-maximum suppression of boxes found in several tiles or as several classes.

Naive greedy non-maximum suppression compares all pairs. Here the boxes that can overlap enough are
found by sorting, and the pairs are resolved in rounds: the result is the same, and a million boxes
take seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_hemalens.errors import RecipeError

Index = NDArray[np.int64]

_MOST_PAIRS = 1 << 23  # compared per batch; those that overlap are kept in memory, 16 bytes each
_AT_ONCE = 1 << 18  # pairs compared at once: fits the processor's cache
_FEW = 64  # times fewer indices than there are of all are sorted faster than all are looked through
_LEAST_BATCH = 1024  # boxes: half a million pairs at worst


def suppress(boxes: ArrayLike, scores: ArrayLike, groups: ArrayLike, *, iou: float) -> Index:
    """Return the boxes that survive greedy non-maximum suppression within their group.

    Parameters
    ----------
    boxes : (N, 4) array-like of float
        Corners as y0, x0, y1, x1, finite; the far edge is excluded. A box without area overlaps
        nothing.
    scores : (N,) array-like of float
        Higher is better; ties go to the first.
    groups : (N,) array-like of int
        Only boxes of one group, such as a class, are compared.
    iou : float
        Boxes that overlap by more than this intersection over union, in 0-1, are one cell.

    Returns
    -------
    (K,) int64
        Indices of the boxes kept, best first.
    """
    if not 0 <= iou <= 1:
        raise RecipeError(f"An IoU threshold of {iou} is out of range: it lies in 0-1.")
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)[order]
    crowd = _Crowd(corners, np.asarray(groups).reshape(-1)[order], iou)
    kept = np.zeros(0, dtype=np.int64)
    start, size = 0, len(order)
    while start < len(order):
        batch = np.arange(start, min(start + size, len(order)))
        # First remove what the boxes kept so far suppress, so that few pairs are left in the batch.
        beaten = np.bincount(crowd.overlaps(crowd.lookups(kept, batch))[1], minlength=start + len(batch))
        batch = batch[beaten[start:] == 0]
        lookups = crowd.lookups(batch)
        if size > _LEAST_BATCH and sum(int(look.lengths.sum()) for look in lookups) > _MOST_PAIRS:
            size = max(min(size, len(order) - start) // 4, _LEAST_BATCH)
            continue
        row = np.zeros(min(size, len(order) - start), dtype=np.int64)
        row[batch - start] = np.arange(len(batch))
        better, worse = row[crowd.overlaps(lookups) - start]
        kept = np.concatenate([kept, batch[_uncontested(better, worse, len(batch))]])
        start, size = start + size, size * 2
    return order[kept]


def overlapping(boxes: ArrayLike, groups: ArrayLike, *, iou: float) -> Index:
    """Return the pairs of boxes of one group that overlap by more than an IoU: shape (2, P), indices, each pair once.

    See `suppress` for the parameters.
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    crowd = _Crowd(corners, np.asarray(groups).reshape(-1), iou)
    return crowd.overlaps(crowd.lookups(np.arange(len(corners))))


def in_core(boxes: ArrayLike, core: tuple[float, float, float, float], margin: float = 0) -> NDArray[np.bool_]:
    """Return which boxes have their centre inside `core` grown by `margin` pixels: shape (N,).

    `core` is y0, x0, y1, x1. With margin 0 and cores that partition an image, every centre is in
    exactly one core.
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    y0, x0, y1, x1 = core
    inside: NDArray[np.bool_] = np.all(
        (centres >= (y0 - margin, x0 - margin)) & (centres < (y1 + margin, x1 + margin)), axis=1
    )
    return inside


def paired_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the IoU (N,) of each box of `a` (N, 4) with the same row of `b` (N, 4), as y0, x0, y1, x1."""
    sides = (np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).clip(min=0)
    shared = sides.prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
    iou: NDArray[np.float32] = shared / np.maximum(areas[0] + areas[1] - shared, 1e-6)
    return iou


@dataclass(frozen=True, slots=True)
class _Lookup:
    """For each of some boxes, the nearby boxes as a slice of a sorted list.

    Attributes
    ----------
    boxes, starts, lengths : (M,) int64
        The box, and its slice of `others`.
    others : (K,) int64
        Boxes by row, and by x within a row.
    """

    boxes: Index
    starts: Index
    lengths: Index
    others: Index

    def pairs(self) -> Iterator[tuple[Index, Index]]:
        """Yield the pairs of boxes to compare, in chunks."""
        ends = np.cumsum(self.lengths)
        total = int(ends[-1]) if len(ends) else 0
        cuts = np.searchsorted(ends, np.arange(0, total, _AT_ONCE), side="right")
        for low, high in pairwise([*np.unique(cuts), len(ends)]):
            yield (
                np.repeat(self.boxes[low:high], self.lengths[low:high]),
                self.others[_runs(self.starts[low:high], self.lengths[low:high])],
            )


class _Crowd:
    """Boxes, best first, and which of them overlap.

    The IoU of two boxes is at most that of their extents in y, and at most that in x. Where it is
    above t, the longer sides therefore differ by less than a factor of 1/t, and the centres, in y
    and in x, by less than (1 - t) / (1 + t) of the longer one. So each box is compared with smaller
    ones close to its centre, by octaves of size: a huge box is not compared with a thousand platelets.
    """

    def __init__(self, corners: NDArray[np.float64], groups: NDArray[np.generic], iou: float) -> None:
        self.corners = corners
        self.iou = iou
        self.reach = (1 - iou) / (1 + iou)
        self.sizes = (corners[:, 2:] - corners[:, :2]).max(axis=1, initial=1)
        self.octaves = np.floor(np.log2(self.sizes)).astype(np.int64)
        # Groups are moved apart, so that boxes of different groups are never compared.
        _, rank = np.unique(groups, return_inverse=True)
        centres = (corners[:, :2] + corners[:, 2:]) / 2
        centres -= centres.min(axis=0, initial=np.inf)
        extent = centres.max(axis=0, initial=0) + 4 * self.sizes.max(initial=1)
        self.y = centres[:, 0] + rank * extent[0]
        self.x = centres[:, 1]
        self.width = extent[1]

    def overlaps(self, lookups: list[_Lookup]) -> Index:
        """Return the pairs of a box and a worse one that overlap too much: shape (2, P)."""
        found = [np.zeros((2, 0), dtype=np.int64)]
        for lookup in lookups:
            for a, b in lookup.pairs():
                # Count each pair once, from the larger box; from the worse one if both are equally large.
                less = self.sizes[b] - self.sizes[a]
                once = (less < 0) | ((less == 0) & (b < a))
                pair = np.stack([a[once], b[once]])
                close = self._too_close(*self.corners[pair])
                found.append(np.sort(pair[:, close], axis=0))
        return np.concatenate(found, axis=1)

    def lookups(self, first: Index, second: Index | None = None) -> list[_Lookup]:
        """Return the comparisons of `first` with `second`, or within `first`."""
        if second is None:
            return list(self._smaller_near(first, first))
        return [*self._smaller_near(first, second), *self._smaller_near(second, first)]

    def _smaller_near(self, boxes: Index, others: Index) -> Iterator[_Lookup]:
        """Yield, for each of `boxes`, those of `others` that are no larger and near enough."""
        if not len(boxes) or not len(others):
            return
        apart = np.ceil(-np.log2(self.iou)) if self.iou > 0 else np.inf
        for octave in np.flatnonzero(np.bincount(self.octaves[boxes])):
            fit = (self.octaves[others] <= octave) & (self.octaves[others] >= octave - apart)
            # Rows a little higher than twice the farthest reach: nearby boxes lie in at most two of them.
            height = 2.01 * max(self.reach, 0.01) * 2.0 ** (octave + 1)
            smaller, place = self._by_place(others[fit], height)
            # Looking up in sorted order is several times faster.
            if boxes is others:  # they are sorted already
                larger = smaller[self.octaves[smaller] == octave]
            else:
                larger, _ = self._by_place(boxes[self.octaves[boxes] == octave], height)
            y, x = self.y[larger], self.x[larger]
            rounding = 4 * np.spacing(place.max(initial=1))
            reach = self.reach * self.sizes[larger] + rounding
            top, bottom = np.floor((y - reach) / height), np.floor((y + reach) / height)
            for step in range(2):
                near = np.flatnonzero(top + step <= bottom)
                middle = (top[near] + step) * self.width + x[near]
                start = np.searchsorted(place, middle - reach[near])
                end = np.searchsorted(place, middle + reach[near], side="right")
                some = end > start
                yield _Lookup(larger[near[some]], start[some], (end - start)[some], smaller)

    def _by_place(self, boxes: Index, height: float) -> tuple[Index, NDArray[np.float64]]:
        """Sort boxes by rows of `height`, and by x within a row."""
        place = np.floor(self.y[boxes] / height) * self.width + self.x[boxes]
        order = np.argsort(place)
        return boxes[order], place[order]

    def _too_close(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
        sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        shared = sides.clip(min=0).prod(axis=1)
        areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
        close: NDArray[np.bool_] = shared > self.iou * (areas[0] + areas[1] - shared)
        return close


def _runs(starts: Index, lengths: Index) -> Index:
    """Return the concatenated ranges of `lengths[i]` numbers from `starts[i]`."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def _uncontested(better: Index, worse: Index, count: int) -> NDArray[np.bool_]:
    """Return which of `count` boxes are kept, given every pair that overlaps too much: shape (count,).

    A box is decided once every better one it overlaps is. Each round decides all boxes it can, among
    the neighbours of those just decided; there are as many rounds as the longest chain of overlaps.
    """
    order = np.argsort(better, kind="stable")
    neighbours = worse[order]
    first = np.concatenate([[0], np.bincount(better, minlength=count).cumsum()])

    def beaten_by(boxes: Index) -> Index:
        return neighbours[_runs(first[boxes], first[boxes + 1] - first[boxes])]

    waiting_for = np.bincount(worse, minlength=count)
    kept: NDArray[np.bool_] = waiting_for == 0
    lost = np.zeros(count, dtype=np.bool_)
    decided = np.flatnonzero(kept)
    while len(decided):
        beaten = beaten_by(decided)
        beaten = _distinct(beaten[~lost[beaten]], count)
        lost[beaten] = True
        freed = beaten_by(beaten)
        np.subtract.at(waiting_for, freed, 1)
        decided = _distinct(freed[waiting_for[freed] == 0], count)
        kept[decided] = True
    return kept


def _distinct(indices: Index, count: int) -> Index:
    """Return the different ones of indices below `count`, in order."""
    if len(indices) * _FEW < count:
        return np.unique(indices)
    named = np.zeros(count, dtype=np.bool_)
    named[indices] = True
    return np.flatnonzero(named)
