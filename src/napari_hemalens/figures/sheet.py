"""A sheet of lines and rows of captioned tiles, for pictures that are as long as it takes."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP = 6
"""Pixels between blocks."""

SEAM = 2
"""Pixels between the tiles of a block."""

_SIZES = (11, 17)  # smallest and largest font size, in pixels


@dataclass(frozen=True, slots=True)
class Block:
    """Tiles side by side, with a caption below.

    Attributes
    ----------
    tiles : sequence of (side, side, 3) uint8, or None
        None leaves a place empty.
    words : sequence of str
        The caption, a line each.
    side : int
        Of a tile, in pixels.
    """

    tiles: Sequence[NDArray[np.uint8] | None]
    words: Sequence[str]
    side: int

    @property
    def width(self) -> int:
        """Of all tiles with the seams between them, in pixels."""
        return (self.side + SEAM) * len(self.tiles) - SEAM


class Sheet:
    """A picture of lines of text and rows of tiles, which grows downwards.

    Parameters
    ----------
    width : int
        In pixels.
    ink : str
        Colour of the text.
    ground : str or None
        Colour of the background; None: transparent.
    """

    def __init__(self, width: int, ink: str, ground: str | None) -> None:
        self._ink, self._ground = ink, ground or (0, 0, 0, 0)
        self._mode = "RGBA" if ground is None else "RGB"
        self._image = Image.new(self._mode, (width, 16), self._ground)
        self._y = 0
        small, large = _SIZES
        self._size = min(large, max(small, width // 45))

    def line(self, words: str, *, large: bool = False) -> None:
        """Write text across the whole width, in as many lines as it takes."""
        self._y += GAP if large else 0
        font = self._font(self._size + 2 if large else self._size)
        for part in _wrap(words, font, self._image.width):
            self._write(0, self._y, part, font)
            self._y += self._high(font)
        self._y += GAP // 2

    def row(self, blocks: Sequence[Block], *, wrapped: bool = False) -> list[tuple[int, int, int, int]]:
        """Put blocks side by side, captions cut off or wrapped; return x0, y0, x1, y1 of each."""
        font = self._font(self._size)
        x, bottom, top = 0, self._y, self._y
        edges = []
        for block in blocks:
            for at, tile in enumerate(block.tiles):
                if tile is not None:
                    self._paste(Image.fromarray(tile), x + at * (block.side + SEAM))
            y = self._y + block.side + 2
            for words in block.words:
                lines = _wrap(words, font, block.width)
                for part in lines if wrapped else lines[:1]:
                    self._write(x, y, part, font)
                    y += self._high(font)
            bottom = max(bottom, y)
            edges.append((x, x + block.width))
            x += block.width + GAP
        self._y = bottom + GAP
        return [(x0, top, x1, bottom) for x0, x1 in edges]

    def picture(self) -> Image.Image:
        """Return the used part of the sheet."""
        return self._image.crop((0, 0, self._image.width, max(1, self._y)))

    def _write(self, x: int, y: int, words: str, font: Any) -> None:
        self._grow(y + self._high(font))
        ImageDraw.Draw(self._image).text((x, y), words, self._ink, font=font)

    def _paste(self, tile: Image.Image, x: int) -> None:
        self._grow(self._y + tile.height)
        self._image.paste(tile, (x, self._y))

    def _grow(self, height: int) -> None:
        if height > self._image.height:
            grown = Image.new(self._mode, (self._image.width, 2 * height), self._ground)
            grown.paste(self._image)
            self._image = grown

    def _font(self, size: int) -> Any:
        return ImageFont.load_default(size)

    def _high(self, font: Any) -> int:
        return round(1.25 * float(font.size))


def _wrap(words: str, font: Any, width: int) -> list[str]:
    """Return text as lines of at most `width` pixels."""
    letters = max(4, int(width * len(words) / max(1.0, font.getlength(words))))
    while letters > 4 and any(font.getlength(line) > width for line in _lines(words, letters)):
        letters -= 1
    return list(_lines(words, letters))


def _lines(words: str, letters: int) -> Iterable[str]:
    return textwrap.wrap(words, letters) or [""]
