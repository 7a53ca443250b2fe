"""Pictures that are decoded whole: PNG, JPEG, WebP, GIF and the like."""

import warnings
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import check_fits
from napari_hemalens.slides.stored import Stored

_ANIMATED = ("GIF", "WEBP")
_HEADER = 4096  # bytes, among which the size of the pixels is stated
_PNG_BITS = 24  # where a PNG says it
_SIZ, _SIZ_BITS = (
    b"\xff\x4f\xff\x51",
    42,
)  # the start of a stream of JPEG 2000, and where it says so of its first channel

# Modes of pictures to convert, whose channels are not already grey, RGB or RGBA.
_CONVERTED = {
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
    "RGBX": "RGB",
    "RGBa": "RGBA",
    "P": "RGBA",
    "PA": "RGBA",
    "LA": "RGBA",
    "La": "RGBA",
}


def read_picture(path: Path) -> Stored:
    """Read a whole picture, of an animated GIF or WebP all as frames along T; such files cannot be read in parts.

    A rotation in the EXIF data is not applied: annotations refer to the pixels as stored, and napari
    shows those.

    Raises
    ------
    ImageError
        If it has more pixels than are decoded at once.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow cannot make out, it raises
            with Image.open(path) as picture:
                if picture.format in _ANIMATED and getattr(picture, "n_frames", 1) > 1:
                    return Stored((_frames(picture),), axes="TYXS", rgb=True)
                pixels = _deep(path, picture) if _is_deep(path, picture) else _decoded(picture)
    except Image.DecompressionBombError as error:
        raise ImageError("it is too large to read at once; save it as a tiled TIFF.") from error
    return Stored((pixels,), rgb=pixels.ndim == 3)


def _frames(picture: Image.Image) -> NDArray[np.uint8]:
    """Return all pictures of an animation: (T, H, W, 4)."""
    number = int(getattr(picture, "n_frames", 1))
    check_fits((number, picture.height, picture.width, 4), 1)
    frames = np.empty((number, picture.height, picture.width, 4), np.uint8)
    for at in range(number):
        picture.seek(at)
        frames[at] = np.asarray(picture.convert("RGBA"))
    return frames


def _is_deep(path: Path, picture: Image.Image) -> bool:
    """Whether colours have more than 8 bits, of which Pillow would keep the upper 8: of 12 bits in 16, a dark rest."""
    if picture.mode not in ("RGB", "RGBA"):
        return False
    with path.open("rb") as stream:
        start = stream.read(_HEADER)
    if picture.format == "PNG":
        return start[_PNG_BITS] > 8
    at = start.find(_SIZ) + _SIZ_BITS
    return picture.format == "JPEG2000" and _SIZ_BITS <= at < len(start) and (start[at] & 0x7F) + 1 > 8


def _deep(path: Path, picture: Image.Image) -> NDArray[np.generic]:
    """Return a picture of more than 8 bits for a colour."""
    decode = imagecodecs.png_decode if picture.format == "PNG" else imagecodecs.jpeg2k_decode
    pixels: NDArray[np.generic] = decode(path.read_bytes())
    return pixels


def _decoded(picture: Image.Image) -> NDArray[np.generic]:
    mode = picture.mode
    opaque = mode == "P" and "transparency" not in picture.info
    return np.asarray(picture.convert("RGB" if opaque else _CONVERTED.get(mode, mode)))
