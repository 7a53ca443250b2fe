"""Label Studio's brush: runs of bits, packed here longhand, become the box around what is painted."""

import math
from typing import Any

import numpy as np
import pytest

from napari_hemalens.formats.brush import brush_box

SHAPE = (6, 9)


def packed(values: list[int], *, plainly: bool = False) -> list[int]:
    """Return values of 8 bits as runs whose lengths have 3, 4, 8 or 13 bits, or all as one plain run each."""
    widths = (3, 4, 8, 13)
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{width - 1:04b}" for width in widths)
    done = 0
    while done < len(values):
        end = done + 1
        while not plainly and end < len(values) and values[end] == values[done]:
            end += 1
        length = end - done - 1
        which = next(k for k, width in enumerate(widths) if length < 2**width)
        bits += f"{0 if plainly else 1:b}{which:02b}{length:0{widths[which]}b}{values[done]:08b}"
        done = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]


def painted(y0: int, x0: int, y1: int, x1: int) -> list[int]:
    picture = np.zeros((*SHAPE, 4), np.uint8)
    picture[y0:y1, x0:x1] = 255
    return picture.ravel().tolist()


@pytest.mark.parametrize("plainly", [False, True])
@pytest.mark.parametrize("box", [(1, 2, 4, 7), (0, 0, 1, 1), (5, 8, 6, 9), (0, 0, 6, 9), (2, 0, 3, 9)])
def test_the_box_is_around_what_is_painted(box: tuple[int, ...], plainly: bool) -> None:
    assert brush_box(packed(painted(*box), plainly=plainly), SHAPE) == box


@pytest.mark.parametrize(
    "rle", [None, "text", [300], [], [255] * 9, packed(painted(0, 0, 0, 0)), packed(painted(1, 1, 3, 3))[:9]]
)
def test_what_paints_nothing_or_is_damaged_has_no_box(rle: Any) -> None:
    assert math.isnan(brush_box(rle, SHAPE)[0])
    assert math.isnan(brush_box(packed(painted(1, 2, 4, 7)), (7, 9))[0])  # of another image
