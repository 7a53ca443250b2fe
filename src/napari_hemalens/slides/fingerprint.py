"""The fingerprint of an image: the same wherever its file lies, and whether it is a file or a layer."""

import hashlib

import numpy as np

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.slides.slide import Slide

_WHOLE = 1 << 20  # pixels up to which all of an image is read
_PATCH = 64  # pixels
_ACROSS = 6  # patches along a side of a larger image


def fingerprint(slide: Slide) -> str:
    """Return 16 hexadecimal digits made of the values of an image as stored: all of a small one, patches of a large.

    Raises
    ------
    ImageError
        If the image cannot be read.
    """
    with decoding(f"Cannot read {slide}", ImageError):
        return _digest(slide)


def _digest(slide: Slide) -> str:
    height, width = slide.shape
    plane = slide.levels[0]
    digest = hashlib.blake2b(f"{height}x{width}x{plane.shape[2]}:{plane.dtype}".encode(), digest_size=8)
    if height * width <= _WHOLE:
        digest.update(np.ascontiguousarray(plane[0:height, 0:width]).tobytes())
        return digest.hexdigest()
    rows, columns = (np.linspace(0, max(0, side - _PATCH), _ACROSS).astype(int).tolist() for side in slide.shape)
    for y in rows:
        for x in columns:
            patch = plane[y : min(height, y + _PATCH), x : min(width, x + _PATCH)]
            digest.update(np.ascontiguousarray(patch).tobytes())
    return digest.hexdigest()
