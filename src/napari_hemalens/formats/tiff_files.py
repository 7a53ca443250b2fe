"""TIFF files opened only after a look at their list of images, in which a damaged file can go round for ever."""

import struct
import warnings
from pathlib import Path
from typing import BinaryIO

from tifffile import TiffFile

from napari_hemalens.errors import ImageError

_OWN_OFFSETS = frozenset({".ndpi"})  # of Hamamatsu, whose offsets have 64 bits in a classic file
_TAGS = 4096  # beyond which tifffile takes no list of tags either


def open_tiff(path: Path) -> TiffFile:
    """Open a TIFF file; where the list of its images breaks off, those before, with a warning.

    Raises
    ------
    ImageError
        If it lists the same image twice, or one without tags, or its first lies beyond its end.
    """
    if path.suffix.lower() not in _OWN_OFFSETS:
        with path.open("rb") as file:
            good = _follow_list(file, path.stat().st_size)
        if good:
            said = f"{path} is damaged: the list of its images breaks off after {good:,}, which are read"
            warnings.warn(said, stacklevel=2)
    return TiffFile(path)


def _follow_list(file: BinaryIO, size: int) -> int:
    """Follow the list of images from one to the next; tifffile would search a damaged one for hours.

    Returns
    -------
    int
        The images before the place where the list breaks off, as tifffile sees it too; 0 where it is whole.
    """
    start = file.read(16)
    order = "<" if start[:2] == b"II" else ">"
    if len(start) < 8 or struct.unpack(f"{order}H", start[2:4])[0] not in (42, 43):
        return 0  # no TIFF: tifffile says so
    big = struct.unpack(f"{order}H", start[2:4])[0] == 43
    number, offset, tag = ("Q", "Q", 20) if big else ("H", "I", 12)
    where = _number(start[8:16] if big else start[4:8], order + offset)
    seen: set[int] = set()
    while where:
        if seen and where >= size:
            return len(seen)
        if where in seen or where >= size:
            raise ImageError("it is damaged: its list of images leads back into itself or beyond its end.")
        file.seek(where)
        tags = _number(file.read(struct.calcsize(number)), order + number)
        if seen and tags > _TAGS:
            return len(seen)
        if not 0 < tags <= _TAGS:
            raise ImageError(f"it is damaged: an image in it has {tags:,} tags.")
        seen.add(where)
        file.seek(tag * tags, 1)
        where = _number(file.read(struct.calcsize(offset)), order + offset)
    return 0


def _number(stored: bytes, form: str) -> int:
    """Return a stored number; 0 where the file ends before it."""
    return int(struct.unpack(form, stored)[0]) if len(stored) == struct.calcsize(form) else 0
