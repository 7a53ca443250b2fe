"""Names of images in files, and of the files written for them."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.image_parts import split_part
from napari_hemalens.records.detections import Provenance


class Record(Protocol):
    """The cells of one image, with their provenance and number."""

    @property
    def provenance(self) -> Provenance:
        """Where they come from."""

    def __len__(self) -> int: ...


_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f]')  # forbidden in file names on Windows
_FRAME = re.compile(r"(.+) \[((?:[A-Z]=\d+)(?:,[A-Z]=\d+)*)\]")
_LONGEST = 200  # bytes of a name: file systems allow 255, endings included


def short_names(fields: Sequence[Record]) -> tuple[str, ...]:
    """Return a short name for the image of each record (see `short_paths`), and which frame: `stack.tif [T=2]`."""
    return short_paths([f.provenance.title for f in fields])


def split_frame(name: str) -> tuple[str, str]:
    """Return a name of `short_names` as that of an image and the frame, which is empty where the name has none."""
    found = _FRAME.fullmatch(name)
    return (name, "") if found is None else (found[1], found[2])


def short_paths(images: Sequence[str]) -> tuple[str, ...]:
    """Return a short name for each image: its base name, if that is unique.

    Images that share a base name keep as many of their folders as needed (`day1/a.png` and
    `day2/a.png`); images with the same path are numbered (`a.png` and `a-2.png`). Bytes that are no text, as Linux
    allows in names, are written with escapes.
    """
    parts = [_parts(_as_text(image)) for image in images]
    distinct = list(dict.fromkeys(parts))  # one path twice has no folder that tells them apart
    depth = [1] * len(distinct)
    while True:
        names = ["/".join(p[-d:]) for p, d in zip(distinct, depth, strict=True)]
        shared = Counter(names)
        grow = [shared[n] > 1 and d < len(p) for n, p, d in zip(names, distinct, depth, strict=True)]
        if not any(grow):
            called = dict(zip(distinct, names, strict=True))
            return _number_doubles([called[p] for p in parts], key=str)
        depth = [d + more for d, more in zip(depth, grow, strict=True)]


def check_apart(out: Path, files: Iterable[Path]) -> None:
    """Refuse a results folder that contains input files, since results may have the same names.

    Raises
    ------
    RecipeError
        If one of the files lies in it.
    """
    place = Path(os.path.realpath(out))  # unlike `resolve`, it raises nothing where links lead round in a circle
    for file in files:
        if place in {Path(os.path.realpath(file.parent)), Path(os.path.realpath(file)).parent}:
            raise RecipeError(f"Results need a folder of their own: they could overwrite files such as {file}.")


def file_stems(images: Sequence[str]) -> tuple[str, ...]:
    """Return the stem of the file to write for each image path, or title of a record: `stack_T2` of `stack.tif [T=2]`.

    A stem may include folders, as in `day1/a`. Stems are unique, also on case-insensitive disks, and short enough for
    endings to be added.
    """
    return _number_doubles([_stem(name) for name in short_paths(images)], key=str.casefold)


def typed(path: str | Path) -> str:
    """Return a path as it is typed on a command line: in quotes where it has a space."""
    return f'"{path}"' if " " in str(path) else str(path)


def _stem(name: str) -> str:
    image, part = split_part(name)
    image, frame = split_frame(image) if part is None else (image, "Y={0}-{2},X={1}-{3}".format(*part))
    path = PurePosixPath(_UNSAFE.sub("_", image)).with_suffix("")
    stem = str(path.with_name(_cut(path.name)))
    return f"{stem}_{frame.replace('=', '').replace(',', '_')}" if frame else stem


def _as_text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _cut(name: str) -> str:
    return name.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore")


def _parts(image: str) -> tuple[str, ...]:
    path = PurePath(image)
    return tuple(p for p in path.parts if p not in {path.anchor, ".."}) or ("image",)


def _number_doubles(names: Sequence[str], key: Callable[[str], str]) -> tuple[str, ...]:
    taken = {key(name) for name in names}
    seen: set[str] = set()
    result = []
    for name in names:
        path, number, candidate = PurePosixPath(name), 2, name
        while key(candidate) in seen or (candidate != name and key(candidate) in taken):
            candidate = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
            number += 1
        seen.add(key(candidate))
        result.append(candidate)
    return tuple(result)
