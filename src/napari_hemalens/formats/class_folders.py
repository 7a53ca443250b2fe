"""A folder a class: images that have a class as a whole, such as fields of many cells.

Either `<class>/` with images, of which the last fifth of each class, by name, is the part 'val': images that follow
each other may be of one slide. Or a folder for each part, `train/<class>/`, `val/<class>/` and perhaps `test/<class>/`;
those may be called training, valid, validation or testing, too, in letters of any size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.images import IMAGE_SUFFIXES
from napari_hemalens.progress import counted

LAYOUT = "a folder a class, or train and val with a folder a class in each"
_PARTS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
_NO_CLASSES = frozenset({"images", "labels", "nuclei", "cells", "micronuclei", "masks"})  # of sets of other layouts
_HELD_BACK = 5  # one in so many images of a set without parts of its own


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image that has a class as a whole.

    Attributes
    ----------
    image : Path
        The file.
    class_name : str
        Name of its folder.
    """

    image: Path
    class_name: str


def parts_of(folder: str | Path) -> tuple[str, ...]:
    """Return the parts of a data set by name; none where images are in no folder a class."""
    root = Path(folder)
    own = tuple(part for part in _PARTS if len(_classes(_home(root, part))) > 1)
    return own or (("train", "val") if len(_classes(root)) > 1 else ())


def read(folder: str | Path, *, split: str) -> tuple[NamedImage, ...]:
    """Read one part of a data set, by class and name.

    Raises
    ------
    AnnotationError
        If there is no such part, or a class has too few images to hold some back.
    """
    root, parts = Path(folder), parts_of(folder)
    if split not in parts:
        known = f"known: {', '.join(parts)}" if parts else f"there are no images in {LAYOUT}"
        raise AnnotationError(f"{root} has no part {split!r}; {known}.")
    own = _classes(_home(root, split))
    classes = own or {name: _part(root / name, files, split) for name, files in _classes(root).items()}
    return tuple(NamedImage(file, name) for name, files in classes.items() for file in files)


def _home(root: Path, part: str) -> Path:
    """Return the folder of a part, which may not be there."""
    called = (inner for inner in sorted(root.glob("*")) if inner.name.lower() in _PARTS[part])
    return next(called, root / part)


def _classes(home: Path) -> dict[str, list[Path]]:
    found = {inner.name: list(_images(inner)) for inner in sorted(home.glob("*")) if _may_be_class(inner)}
    return {name: files for name, files in found.items() if files}


def _may_be_class(folder: Path) -> bool:
    return folder.is_dir() and folder.name not in _NO_CLASSES and not folder.name.startswith((".", "__"))


def _images(folder: Path) -> Iterator[Path]:
    return (
        file
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
    )


def _part(folder: Path, files: list[Path], split: str) -> list[Path]:
    held = len(files) // _HELD_BACK
    if not held:
        raise AnnotationError(
            f"{folder} has {counted(len(files), 'image')}; from {_HELD_BACK} on, a fifth is held back as val."
        )
    return files[:-held] if split == "train" else files[-held:]
