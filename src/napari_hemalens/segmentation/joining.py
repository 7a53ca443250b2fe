"""Joining lobes into cells: parts whose union is convex are one cell."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from itertools import count

import numpy as np
from scipy import ndimage

from napari_hemalens.segmentation.shapes import Labels, Mask, areas, disc, solidity, split

Group = frozenset[int]

LOOSE = 0.75
"""Minimum solidity of a cell joined with a piece too small to be a cell."""


def join_by_body(parts: Labels, mask: Mask, *, neck: float, convex: float, largest: float) -> Labels:
    """Join the parts that lie in one convex body.

    Parameters
    ----------
    parts : (H, W) int32
        Parts; together they cover `mask`.
    mask : (H, W) bool
        The mask, to be cut into bodies at its necks.
    neck : float
        As in `split`.
    convex : float
        Minimum solidity of a body, in 0-1.
    largest : float
        Maximum diameter of a body, in pixels.
    """
    bodies = split(mask, neck)
    pairs, shared = np.unique(np.stack([parts[mask], bodies[mask]], axis=1), axis=0, return_counts=True)
    body_of: dict[int, int] = {}
    for (part, body), _ in sorted(zip(pairs.tolist(), shared.tolist(), strict=True), key=lambda pair: pair[1]):
        if part and body:
            body_of[part] = body  # the body that holds most of the part comes last
    members: dict[int, list[int]] = defaultdict(list)
    for part, body in body_of.items():
        members[body].append(part)
    boxes = ndimage.find_objects(parts)
    groups = [frozenset(group) for group in members.values() if len(group) > 1]
    return _rename(parts, [group for group in groups if _solidity(parts, boxes, group, largest) >= convex])


def join_by_convexity(parts: Labels, *, convex: float, smallest: float, largest: float) -> Labels:
    """Join touching parts whose union is convex, the most convex pair first; see `join_by_body`.

    A part smaller than a disc with the diameter `smallest` cannot be a cell by itself, so a lower solidity is enough.
    """
    boxes = ndimage.find_objects(parts)
    size = areas(parts)
    near: dict[Group, set[Group]] = defaultdict(set)
    order = count()  # breaks ties
    waiting: list[tuple[float, int, Group, Group]] = []

    def offer(one: Group, other: Group) -> None:
        shape = _solidity(parts, boxes, one | other, largest)
        complete = all(size[list(group)].sum() >= disc(smallest) for group in (one, other))
        if shape >= (convex if complete else LOOSE):
            heapq.heappush(waiting, (-shape, next(order), one, other))

    for first, second in _neighbours(parts):
        one, other = frozenset([first]), frozenset([second])
        near[one].add(other)
        near[other].add(one)
        offer(one, other)
    while waiting:
        _, _, one, other = heapq.heappop(waiting)
        if one not in near or other not in near:
            continue  # already joined to another part
        both = one | other
        near[both] = (near.pop(one) | near.pop(other)) - {one, other}
        for neighbour in near[both]:
            near[neighbour] = near[neighbour] - {one, other} | {both}
            offer(both, neighbour)
    return _rename(parts, [group for group in near if len(group) > 1])


def _neighbours(parts: Labels) -> list[tuple[int, int]]:
    """Return the pairs of ids that touch along a pixel edge, the lower id first."""
    found = []
    for one, other in ((parts[:-1], parts[1:]), (parts[:, :-1], parts[:, 1:])):
        border = (one != other) & (one > 0) & (other > 0)
        found.append(np.sort(np.stack([one[border], other[border]], axis=1), axis=1))
    pairs = np.unique(np.concatenate(found), axis=0)
    return [(int(first), int(second)) for first, second in pairs]


def _solidity(parts: Labels, boxes: list[tuple[slice, slice]], group: Group, largest: float) -> float:
    """Return the solidity of the union of parts; 0 if it is too large to be a cell."""
    rows, columns = zip(*(boxes[part - 1] for part in group), strict=True)
    top, left = min(s.start for s in rows), min(s.start for s in columns)
    window = parts[top : max(s.stop for s in rows), left : max(s.stop for s in columns)]
    union = np.isin(window, list(group))
    return solidity(union) if union.sum() <= disc(largest) else 0.0


def _rename(parts: Labels, groups: Iterable[Group]) -> Labels:
    """Return labels in which the members of each group have one id."""
    names = np.arange(len(areas(parts)), dtype=np.int32)
    for group in groups:
        names[list(group)] = min(group)
    renamed: Labels = names[parts]
    return renamed
