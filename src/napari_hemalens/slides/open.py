"""Opening image files of any format as slides; listing the images of folders and patterns."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import DAMAGE, reason
from napari_hemalens.formats.dicom_files import is_dicom_slide, is_level, levels_of
from napari_hemalens.formats.image_names import is_image_folder, is_zarr
from napari_hemalens.formats.image_parts import split_part, whole_path
from napari_hemalens.formats.images import (
    CZI_SUFFIXES,
    DICOM_SUFFIXES,
    OPENSLIDE_SUFFIXES,
    PICTURE_SUFFIXES,
    TIFF_SUFFIXES,
    UNREAD_SUFFIXES,
    Kind,
    kind_of,
)
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.czi import read_czi
from napari_hemalens.slides.dicom import read_dicom
from napari_hemalens.slides.frames import Frame
from napari_hemalens.slides.ome_zarr import read_zarr
from napari_hemalens.slides.openslide import read_openslide
from napari_hemalens.slides.part import part_of
from napari_hemalens.slides.pictures import read_picture
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stored import Stored
from napari_hemalens.slides.tiff import read_tiff

_OVERLAY = ".overlay.png"  # written by a run, not an image to analyse


def _read_npy(path: Path) -> Stored:
    return Stored((np.load(path, mmap_mode="r", allow_pickle=False),))


_READERS: dict[Kind, Callable[[Path], Stored]] = {
    "tiff": read_tiff,
    "picture": read_picture,
    "npy": _read_npy,
    "dicom": read_dicom,
    "openslide": read_openslide,
    "czi": read_czi,
}
_SUFFIXES = (*TIFF_SUFFIXES, *OPENSLIDE_SUFFIXES, *CZI_SUFFIXES, *DICOM_SUFFIXES, *PICTURE_SUFFIXES, ".npy")
_READABLE = f"{', '.join(_SUFFIXES)}, zarr folders and folders of a DICOM slide"


def open_image(path: str | Path, *, pixel_size_um: float | None = None, frame: Frame = ()) -> Slide:
    """Open an image file as a slide; only a sample is read, for the contrast.

    TIFF and the slide formats built on it, OME-Zarr, DICOM, CZI, those of OpenSlide and .npy are read in parts;
    pictures (.jpg, .png, .bmp and the like) whole.

    Parameters
    ----------
    path : str or Path
        A file, a zarr folder, or the folder of a DICOM slide; of which a rectangle may be asked for
        (`formats.image_parts`).
    pixel_size_um : float, optional
        Micrometres per pixel; by default as stated in the file.
    frame : Frame
        The frame, in files with several, as for `from_array`.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as an image.
    """
    with ExitStack() as files, _reading(path):
        file, part = (path, None) if Path(path).exists() else split_part(path)
        stored = _reader(Path(file))(Path(file))
        if stored.release is not None:
            files.callback(stored.release)
        slide = from_array(
            stored.levels,
            name=str(path),
            axes=stored.axes,
            rgb=stored.rgb,
            pixel_size_um=stored.pixel_size_um if pixel_size_um is None else pixel_size_um,
            frame=frame,
            channels=stored.channels,
        )
        slide = slide if part is None else part_of(slide, part, str(path))
        files.pop_all()
    return replace(slide, release=stored.release)


def is_image(path: str | Path) -> bool:
    """Return whether a path is a file with the suffix of an image, or the folder of a zarr or a DICOM slide."""
    file = Path(path)
    return is_image_folder(file) if file.is_dir() else file.is_file() and _is_image_file(file)


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Name the file in whatever goes wrong with it."""
    try:
        yield
    except DAMAGE as error:  # an ImageError is a ValueError
        raise ImageError(f"Cannot read {path}: {reason(error, str(path))}.") from error


def read_stored(path: str | Path) -> Stored:
    """Return an image file as it is stored, with all of its frames and channels; no pixels are read in parts yet.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as an image.
    """
    file = Path(path)
    with _reading(path):
        return _reader(file)(file)


def channel_names_in(path: str | Path) -> tuple[str, ...]:
    """Return the names of the channels of an image file, in their order; none where the file names none.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as an image.
    """
    stored = read_stored(path)
    if stored.release is not None:
        stored.release()
    return stored.channels


def images_in(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the images that files, folders and patterns stand for, each once.

    A folder stands for the images directly inside it, a pattern (`*`, `?`, `[ab]`, `**` for nested
    folders) for those it matches, in natural order: `slide2` before `slide10`. Hidden files and the
    overlays written by runs are left out. Files given by name are not checked until they are opened.

    Raises
    ------
    ImageError
        If a folder or pattern contains no readable image, or may not be looked into.
    """
    images: dict[str, Path] = {}  # by absolute path: one that is given by two paths would be counted twice
    for path in paths:
        try:
            found = _expand(path)
        except OSError as error:
            said = error.strerror or reason(error, str(path))  # without a file in it, such as the mark of a zarr
            raise ImageError(f"Cannot look for images in {path}: {said}.") from error
        if not found:
            raise ImageError(_nothing_in(path))
        for image in found:
            images.setdefault(os.path.abspath(image), image)  # noqa: PTH100 -- without '..'
    return tuple(images.values())


def _reader(path: Path) -> Callable[[Path], Stored]:
    if path.is_dir():
        if is_zarr(path):
            return read_zarr
        if is_dicom_slide(path):
            return read_dicom
        raise ImageError(f"it is a folder, but neither of a zarr nor of a DICOM slide. Readable: {_READABLE}.")
    if not path.is_file():
        raise ImageError("there is no such file.")
    kind = kind_of(path)
    if kind is None:
        raise ImageError(f"it is no image by its suffix, nor by its first bytes. Readable: {_READABLE}.")
    if path.stat().st_size == 0:
        raise ImageError("the file is empty.")
    return _READERS[kind]


def _expand(path: str | Path) -> list[Path]:
    file = Path(path)
    if file.is_dir() and not is_image_folder(file):
        candidates = file.iterdir()
    elif not file.exists() and whole_path(path).exists():  # a part of an image
        return [file]
    elif not file.exists() and any(sign in str(path) for sign in "*?["):
        root = Path(file.anchor)
        candidates = root.glob(str(file.relative_to(root)))
    else:
        return [file]
    return sorted(filter(_is_image, candidates), key=_natural)


def _nothing_in(path: str | Path) -> str:
    whole, rectangle = split_part(path)
    if rectangle is not None:
        return f"No such file or folder: {whole}, of which a part was asked for."
    _, bracket, within = str(path).rpartition("[")
    if bracket and "=" in within:
        return f"No image in {path}. A rectangle of an image is written like this: 'slide.svs [Y=0-4096,X=512-4608]'."
    return f"No image in {path}{_deeper(path)}. Readable: {_READABLE}."


def _deeper(path: str | Path) -> str:
    """Return how to ask for the images of the folders in a folder, where there are any."""
    folders = Path(path).is_dir() and any(each.is_dir() and not is_image_folder(each) for each in Path(path).iterdir())
    return f" itself; '{Path(path) / '**' / '*'}' means those of all folders in it" if folders else ""


def _is_image(path: Path) -> bool:
    if path.name.startswith(".") or path.name.endswith(_OVERLAY):
        return False
    if path.is_dir():
        return is_image_folder(path)
    return _is_image_file(path) and (path.suffix.lower() not in DICOM_SUFFIXES or levels_of(path)[0].file == path)


def _is_image_file(path: Path) -> bool:
    """Return whether a file is an image by its suffix, read here or not; of DICOM, whether it is a level of a slide."""
    suffix = path.suffix.lower()
    return is_level(path) if suffix in DICOM_SUFFIXES else suffix in (*_SUFFIXES, *UNREAD_SUFFIXES)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a sort key that orders numbers in a path by value."""
    parts = re.findall(r"\d+|\D+", str(path).lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
