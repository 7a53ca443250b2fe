"""The images that annotations belong to: their paths and sizes."""

import warnings
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.image_names import is_file

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn", ".bif", ".qptiff")
"""TIFF, and slide scanner formats based on it."""

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".jp2")
"""Pictures, which cannot be read in parts."""

IMAGE_SUFFIXES = frozenset({*TIFF_SUFFIXES, *PICTURE_SUFFIXES})
"""Suffixes of image files, in lower case, for slides and annotations."""


def header_size(path: str | Path) -> tuple[int, int]:
    """Return height and width in level-0 pixels from the header of a file, without decoding pixels.

    Raises
    ------
    ImageError
        If the file is missing or not an image.
    """
    file = Path(path)
    try:
        return _tiff_size(file) if file.suffix.lower() in TIFF_SUFFIXES else _picture_size(file)
    except (OSError, tifffile.TiffFileError, Image.DecompressionBombError) as error:
        raise ImageError(f"Cannot read the size of {file}: {error}.") from error


def known_size(image: str) -> tuple[int, int] | None:
    """Return height and width of an image found by `locate_image`; None for a bare name."""
    return header_size(image) if is_file(Path(image)) else None


def read_rgb(path: str | Path) -> NDArray[np.uint8]:
    """Return an annotated image as RGB: (H, W, 3).

    Raises
    ------
    ImageError
        If the file is missing or not an image.
    """
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except OSError as error:
        raise ImageError(f"Cannot read the training image {path}: {error}.") from error


def _tiff_size(file: Path) -> tuple[int, int]:
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first  # level 0, in slides and in OME pyramids too
        return page.imagelength, page.imagewidth


def _picture_size(file: Path) -> tuple[int, int]:
    with warnings.catch_warnings():
        # Pillow warns of pictures that are costly to decode; only the header is read here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(file) as picture:
            return picture.height, picture.width
