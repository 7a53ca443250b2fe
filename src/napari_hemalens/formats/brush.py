"""The run lengths of Label Studio's brush.

https://github.com/HumanSignal/label-studio-sdk, `converter/brush.py`: bits, most significant first. 32 say how many
values there are, 5 the bits of a value less one, four times 4 the bits of a run's length less one. Then come runs: one
bit, whether a value is repeated; two, which of the four widths its length less one has; the length; and the values.
They are the four channels of a picture, pixel by pixel, of which the last says what is painted.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_hemalens.formats.draft import Box

_NONE: Box = (math.nan,) * 4
_CHANNELS = 4


def brush_box(rle: Any, shape: tuple[int, int]) -> Box:
    """Return the box around what is painted in an image of (height, width); of NaN where nothing is, or damaged."""
    try:
        content = bytes(rle)
    except (TypeError, ValueError):
        return _NONE
    height, width = shape
    rows, columns = [height, -1], [width, -1]
    for start, end in _painted(content, _CHANNELS * height * width):
        first, last = start // _CHANNELS, (end - 1) // _CHANNELS  # pixels
        top, bottom = first // width, last // width
        rows = [min(rows[0], top), max(rows[1], bottom)]
        whole = top != bottom
        columns = [
            min(columns[0], 0 if whole else first % width),
            max(columns[1], width - 1 if whole else last % width),
        ]
    return (rows[0], columns[0], rows[1] + 1, columns[1] + 1) if rows[1] >= 0 else _NONE


def _painted(content: bytes, wanted: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the runs of values, of `wanted`, in which the last channel is painted."""
    bits = _Bits(content)
    number = bits.take(32)
    if number != wanted:
        return
    value_bits = bits.take(5) + 1
    lengths = [bits.take(4) + 1 for _ in range(4)]
    done = 0
    while done < number and bits.left:
        repeated = bits.take(1)
        end = min(number, done + 1 + bits.take(lengths[bits.take(2)]))
        if repeated:
            if bits.take(value_bits) and any(
                place % _CHANNELS == _CHANNELS - 1 for place in range(done, min(end, done + 4))
            ):
                yield done, end
        else:
            for place in range(done, end):
                if bits.take(value_bits) and place % _CHANNELS == _CHANNELS - 1:
                    yield place, place + 1
        done = end


class _Bits:
    """Bits of a file, taken from the front; zeros behind its end."""

    def __init__(self, content: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(content, np.uint8)).tolist()
        self._at = 0

    @property
    def left(self) -> bool:
        """Whether there are more."""
        return self._at < len(self._bits)

    def take(self, number: int) -> int:
        """Return the next bits as a whole number."""
        found = 0
        for bit in self._bits[self._at : self._at + number]:
            found = found << 1 | bit
        self._at += number
        return found
