"""Where the image lies that a file of annotations names."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePath
from urllib.parse import unquote

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.dicom_files import is_dicom_slide
from napari_hemalens.formats.image_parts import part_name, split_part, whole_path
from napari_hemalens.formats.naming import split_frame

_FOLDERS = ("images", "JPEGImages", "img", "Images")  # beside annotations, or beside their folder
_LABELS = ("labels", "annotations", "xml", "json")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # by Label Studio
_ZARR = ("zarr.json", ".zgroup", ".zarray")
_TEXTS = (".txt", ".xml", ".json", ".geojson", ".csv", ".tsv", ".yaml", ".yml", ".npy", ".names", ".data", "")


def locate_image(name: str, folders: Iterable[Path]) -> str:
    """Return the path of the image in the first of `folders` that contains it, else its name with `/` in it.

    Names are compared by meaning: as they are, then by their last part, whichever way slashes lean, without the eight
    letters that Label Studio puts before it, in any case, and at last by stem, if one image alone has it. A frame
    (`stack.tif [T=2]`) or a part (`formats.image_parts`) stays behind the path.
    """
    image, part = split_part(name)
    if part is not None:
        return part_name(_located(image, folders), part)
    image, frame = split_frame(name)
    return f"{_located(image, folders)} [{frame}]" if frame else _located(image, folders)


def _located(name: str, folders: Iterable[Path]) -> str:
    slashed = name.replace("\\", "/")
    places = list(dict.fromkeys(folders))
    last = slashed.rsplit("/", 1)[-1]
    wanted_names = (name, slashed, last, unquote(last), _UPLOADED.sub("", unquote(last)))
    for wanted in dict.fromkeys(wanted_names):
        for folder in places:
            if wanted and _holds_image(folder / wanted):
                return str(folder / wanted)
    for folder in places:
        if (found := _alike(last, folder)) is not None:
            return str(found)
    return slashed


def called(image: str) -> frozenset[str]:
    """Return the names under which an image is known, in lower case: that of its file or layer, with or without suffix.

    A file of a DICOM slide is also known by its folder, and a part of an image by the name of the whole.
    """
    path = PurePath(split_part(image)[0])
    names = {path.name} if path.suffix[1:].isdigit() else {path.name, path.stem}  # 1.2.840 is no file of kind 840
    if path.suffix.lower() == ".dcm" and is_dicom_slide(Path(path.parent)):
        names.add(path.parent.name)
    return frozenset(name.casefold() for name in names)


def folders_near(file: Path) -> tuple[Path, ...]:
    """Return the folders in which the images of a file of annotations lie in the layouts of the usual tools."""
    root = file.parent
    near = [root, *(up / name for up in (root, root.parent) for name in _FOLDERS)]
    if root.name.casefold() in _LABELS:
        near.append(root.parent)
    inner = (each for folder in near[1:] if folder.is_dir() for each in sorted(folder.iterdir()) if each.is_dir())
    return (*near, *inner)


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a zero byte
        return False


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a zarr array or group, of version 2 or 3."""
    return any((path / mark).is_file() for mark in _ZARR)


def is_image_folder(path: Path) -> bool:
    """Whether a path is a folder that is one image: a zarr, or a DICOM slide."""
    return is_zarr(path) or is_dicom_slide(path)


def is_there(image: Path) -> bool:
    """Whether an image is there: as a file, as a folder, or as a part of one of these."""
    return _holds_image(image) or _holds_image(whole_path(image))


def _holds_image(path: Path) -> bool:
    """Whether a path is a file or an image folder; what may not be looked into, and no name of a file, is neither."""
    try:
        return path.is_file() or is_image_folder(path)
    except (OSError, ValueError, ImageError):
        return False


def _alike(name: str, folder: Path) -> Path | None:
    try:
        listed = _listed(folder, folder.stat().st_mtime_ns)
    except OSError:
        return None
    same = [path for path in listed if path.name.casefold() == name.casefold()]
    for stem in (name.casefold(), PurePath(name).stem.casefold()):
        same = same or [path for path in listed if path.stem.casefold() == stem and path.suffix.lower() not in _TEXTS]
    return same[0] if len(same) == 1 else None


@lru_cache(maxsize=64)
def _listed(folder: Path, changed: int) -> tuple[Path, ...]:
    del changed  # of the key: a folder that has changed is listed anew
    return tuple(sorted(folder.iterdir()))
