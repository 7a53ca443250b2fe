"""The images that annotations belong to: their paths and sizes."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.extras import optional_module
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.dicom_files import is_dicom, is_dicom_slide, levels_of
from napari_hemalens.formats.image_names import is_file
from napari_hemalens.formats.image_parts import split_part
from napari_hemalens.formats.tiff_files import open_tiff

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".svs", ".ndpi", ".scn", ".bif", ".qptiff")
"""TIFF, and slide scanner formats based on it."""

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".jp2", ".gif")
"""Pictures, which cannot be read in parts."""

DICOM_SUFFIXES = (".dcm", ".dicom")
"""DICOM, of which many files may be one slide."""

OPENSLIDE_SUFFIXES = (".mrxs", ".vms", ".vmu", ".svslide")
"""MIRAX, Hamamatsu and Sakura: files beside which the pixels lie in others, or in a database."""

CZI_SUFFIXES = (".czi",)
"""Zeiss."""

UNREAD_SUFFIXES = (".vsi", ".isyntax", ".kfb", ".sdpc")
"""Of scanners whose files no library reads that is kept and free."""

IMAGE_SUFFIXES = frozenset({*TIFF_SUFFIXES, *PICTURE_SUFFIXES})
"""Suffixes of image files, in lower case, for slides and annotations."""


_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # classic, and BigTIFF
_NPY_MARK = b"\x93NUMPY"
_CZI_MARK = b"ZISRAWFILE"
_PICTURE_MARKS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM"),
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # JPEG 2000: its file, and its bare stream
)

Kind: TypeAlias = Literal["tiff", "picture", "npy", "dicom", "openslide", "czi"]
"""How a file of pixels is read."""

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(TIFF_SUFFIXES, "tiff"),
    **dict.fromkeys(PICTURE_SUFFIXES, "picture"),
    **dict.fromkeys(CZI_SUFFIXES, "czi"),
    ".npy": "npy",
}
"""By suffix, where the first bytes say nothing."""


def kind_of(file: Path) -> Kind | None:
    """Return how an image file is read: by its first bytes, since many are called by a wrong suffix, else by that.

    None: it is no image that is known.

    Raises
    ------
    OSError
        If it cannot be read.
    ImageError
        If it is of a scanner whose files nothing reads.
    """
    suffix = file.suffix.lower()
    if suffix in UNREAD_SUFFIXES:  # the bytes of some are those of a TIFF that holds the label alone
        raise ImageError(
            f"nothing that HemaLens uses reads {suffix} files of slide scanners; export the slide as OME-TIFF or "
            "DICOM, with the scanner's program, QuPath or bfconvert."
        )
    if suffix in OPENSLIDE_SUFFIXES:  # MIRAX begins as a picture, a small one of the slide
        return "openslide"
    return _kind_by_mark(file) or _KINDS.get(suffix)


def _kind_by_mark(file: Path) -> Kind | None:
    with file.open("rb") as stream:
        start = stream.read(12)
    if start[:4] in _TIFF_MARKS:
        return "tiff"
    if start.startswith(_NPY_MARK):
        return "npy"
    if start.startswith(_CZI_MARK):
        return "czi"
    if start.startswith(_PICTURE_MARKS) or (start[:4] == b"RIFF" and start[8:] == b"WEBP"):
        return "picture"
    return "dicom" if is_dicom(file) else None


def header_size(path: str | Path) -> tuple[int, int]:
    """Return height and width in level-0 pixels from the header of a file or DICOM slide, without decoding pixels.

    Raises
    ------
    ImageError
        If the file is missing or not an image.
    """
    file = Path(path)
    with decoding(f"Cannot read the size of {file}", ImageError):
        kind = "dicom" if file.is_dir() else kind_of(file)
        if kind == "dicom":
            return levels_of(file)[0].shape
        by_kind = {"tiff": _tiff_size, "openslide": _openslide_size, "czi": _czi_size}
        return by_kind.get(str(kind), _picture_size)(file)


def known_size(image: str) -> tuple[int, int] | None:
    """Return height and width of an image, or a part of one, found by `locate_image`; None for a bare name."""
    name, part = (image, None) if is_file(Path(image)) else split_part(image)
    if part is not None:
        return part[2] - part[0], part[3] - part[1]
    return header_size(name) if is_file(Path(name)) or is_dicom_slide(Path(name)) else None


def read_rgb(path: str | Path) -> NDArray[np.uint8]:
    """Return an annotated image as RGB: (H, W, 3).

    Raises
    ------
    ImageError
        If the file is missing or not an image.
    """
    with decoding(f"Cannot read the training image {path}", ImageError), Image.open(path) as image:
        return np.array(image.convert("RGB"))


def _tiff_size(file: Path) -> tuple[int, int]:
    with open_tiff(file) as tiff:
        page = tiff.pages.first  # level 0, in slides and in OME pyramids too
        return page.imagelength, page.imagewidth


def _openslide_size(file: Path) -> tuple[int, int]:
    with optional_module("openslide", "it", "slides").OpenSlide(file) as slide:
        width, height = slide.dimensions
        return int(height), int(width)


def _czi_size(file: Path) -> tuple[int, int]:
    with optional_module("pylibCZIrw.czi", "it", "slides").open_czi(str(file)) as slide:
        place = slide.total_bounding_rectangle
        return int(place.h), int(place.w)


def _picture_size(file: Path) -> tuple[int, int]:
    with warnings.catch_warnings():
        # Pillow warns of pictures that are costly to decode; only the header is read here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(file) as picture:
            return picture.height, picture.width
