"""Pictures that are decoded whole: PNG, JPEG, WebP, GIF and the like."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.stored import Stored

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
    """Read a whole picture, of an animated one the first; such files cannot be read in parts.

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
                pixels = _decoded(picture)
    except Image.DecompressionBombError as error:
        raise ImageError("it is too large to read at once; save it as a tiled TIFF.") from error
    return Stored((pixels,), rgb=pixels.ndim == 3)


def _decoded(picture: Image.Image) -> NDArray[np.generic]:
    mode = picture.mode
    opaque = mode == "P" and "transparency" not in picture.info
    return np.asarray(picture.convert("RGB" if opaque else _CONVERTED.get(mode, mode)))
