"""The box of a COCO outline: polygons, or run lengths as pycocotools writes them, plain or packed.

Run lengths alternate between outside and inside, down the columns, beginning outside. Packed ones are the text of
`cocoapi/common/maskApi.c`, `rleToString`: groups of five bits and a sign, of differences to the run before the last.
They are decoded here, since a box needs no mask, and pycocotools a compiler where there is no wheel.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_hemalens.formats.draft import Box, number
from napari_hemalens.formats.shapes import bounds

_LONGEST = 10_000_000  # characters, or runs: no mask of a cell has more
_GROUPS = 7  # of five bits, that hold 32: a longer number is no run, and would take hours


def outline_box(segmentation: Any) -> Box | None:
    """Return the box around an outline of any kind, the far edge excluded; None if there is none, or it is empty."""
    if isinstance(segmentation, dict):
        return _runs_box(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        return None
    rings = segmentation if isinstance(segmentation[0], (list, tuple)) else [segmentation]
    points = []
    for ring in rings:
        values = [number(value) for value in ring] if isinstance(ring, (list, tuple)) else []
        points += list(zip(values[::2], values[1::2], strict=False))
    return bounds(points) if len(points) > 1 else None


def unpacked(text: str) -> list[int]:
    """Return the run lengths of a packed text; none if it is not of run lengths."""
    runs: list[int] = []
    value = shift = 0
    for sign in text[:_LONGEST]:
        bits = ord(sign) - 48
        value |= (bits & 31) << (5 * shift)
        shift += 1
        if shift > _GROUPS:
            return []
        if not bits & 32:
            if bits & 16:
                value -= 1 << (5 * shift)
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def _runs_box(segmentation: dict[str, Any]) -> Box | None:
    counts, size = segmentation.get("counts"), segmentation.get("size")
    if not isinstance(size, (list, tuple)) or not size:
        return None
    height = int(number(size[0], 0))
    runs = unpacked(counts) if isinstance(counts, str) else counts
    if height < 1 or not isinstance(runs, Sequence) or len(runs) > _LONGEST:
        return None
    lengths = np.array([number(run) for run in runs], dtype=np.float64)
    ends = lengths.cumsum()
    starts, stops = ends[0:-1:2], ends[1::2]
    seen = stops > starts
    if not seen.any() or (lengths < 0).any() or not np.isfinite(ends).all():
        return None
    first, last = starts[seen], stops[seen] - 1
    whole = (last // height > first // height).any()  # a run over the end of a column holds both edges
    top, bottom = (0.0, height - 1.0) if whole else ((first % height).min(), (last % height).max())
    return float(top), float(first.min() // height), float(bottom + 1), float(last.max() // height + 1)
