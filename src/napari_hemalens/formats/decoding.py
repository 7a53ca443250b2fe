"""Damaged and hostile files: whatever a decoder raises on one becomes a sentence, in one place."""

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from PIL import Image, UnidentifiedImageError

from napari_hemalens.errors import HemaLensError

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,  # of an element that XML or JSON lacks
    BufferError,
    EOFError,
    LookupError,  # unknown encodings, too
    MemoryError,
    OSError,
    RuntimeError,  # RecursionError, and all errors of imagecodecs
    SyntaxError,  # XML, and PNG
    TypeError,
    ValueError,  # JSON, texts that are not UTF-8, and all errors of tifffile
    struct.error,
    tokenize.TokenError,  # the header of .npy
    zipfile.BadZipFile,
    zlib.error,
    Image.DecompressionBombError,
)
"""What readers and decoders raise on damaged files, found by damaging files at random."""

_OF_CODE = (ArithmeticError, AssertionError, AttributeError, IndexError, TypeError, struct.error, tokenize.TokenError)
"""What a decoder raises where it did not expect damage, in words about its code."""

_ASSUMED_MEMORY = 16 << 30  # bytes, where the system does not say


def reason(error: BaseException, what: str = "") -> str:
    """Return what an error says, in one line; its kind where it says nothing, or too little to be understood.

    The name of a file that stands in `what`, the words before it, is not said again.
    """
    said = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, OSError) and error.strerror:
        named = {PurePath(str(name)).name for name in (error.filename, error.filename2) if name}
        said = said if any(name not in what for name in named) else error.strerror
    if isinstance(error, UnidentifiedImageError):
        return "it is no image, or of a kind that is not known"  # Pillow's own words repeat the path
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, MemoryError):
        return f"it does not fit into memory{f' ({said})' if said else ''}"
    if isinstance(error, KeyError):
        return f"it lacks {said}"
    if isinstance(error, _OF_CODE):
        return f"it is damaged ({said or type(error).__name__})"
    return said or type(error).__name__


@contextmanager
def decoding(what: str, kind: type[HemaLensError]) -> Iterator[None]:
    """Turn whatever a decoder raises inside the block into one sentence, an error of `kind` that begins with `what`.

    An error of this very kind is that sentence already, and passes as it is.
    """
    try:
        yield
    except kind:
        raise
    except DAMAGE as error:
        raise kind(f"{what}: {reason(error, what)}.") from error


def check_fits(shape: Sequence[int], itemsize: int) -> None:
    """Refuse, before anything is decoded, pixels that could not be held in memory.

    A small file can announce any size, and what decodes to zeros is taken by the system until it kills the process.

    Raises
    ------
    MemoryError
        If the array takes more than half of the memory of this machine.
    """
    size = math.prod(shape) * itemsize
    if size > memory() // 2:
        lengths = " x ".join(f"{length:,}" for length in shape)
        raise MemoryError(f"{lengths} values at once take {size / 2**30:,.1f} GiB")


def memory() -> int:
    """Return the bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return _ASSUMED_MEMORY
