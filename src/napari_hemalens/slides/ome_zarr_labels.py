"""The labels that OME-Zarr keeps beside an image, with what is said of each: `image-label` of NGFF 0.4 and 0.5."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zarr

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.image_names import is_zarr
from napari_hemalens.slides.ome_zarr import metadata_of, read_zarr
from napari_hemalens.slides.stored import Stored

_CLASS = ("class", "name", "label")  # what says the class of a label, the first that there is


@dataclass(frozen=True, slots=True, eq=False)
class StoredLabels:
    """Labels as stored; their pixels are not read yet.

    Attributes
    ----------
    name : str
        What they are called.
    image : Stored
        Their levels, finest first, with axes and steps.
    classes : mapping of int to str
        The class of each number that has one.
    colours : mapping of int to (int, int, int, int)
        Red, green, blue and alpha of each number that has them, in 0-255.
    """

    name: str
    image: Stored
    classes: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, tuple[int, int, int, int]] = field(default_factory=dict)


def read_labels(path: str | Path) -> tuple[StoredLabels, ...]:
    """Return the labels beside the image of a zarr folder; none where it has none, or is no such folder.

    Raises
    ------
    ImageError
        If there are some, and they cannot be read.
    """
    place = Path(path)
    if not (place.is_dir() and is_zarr(place / "labels")):
        return ()
    with decoding(f"Cannot read the labels of {place}", ImageError):
        parent = zarr.open_group(place / "labels", mode="r")
        names = metadata_of(parent).get("labels", ())
        return tuple(_read(place / "labels" / str(name), str(name)) for name in names)


def _read(place: Path, name: str) -> StoredLabels:
    said = mapping(metadata_of(zarr.open_group(place, mode="r")).get("image-label"))
    classes = {number: text for number, each in _each(said, "properties") if (text := _class(each))}
    colours = {number: each["rgba"] for number, each in _each(said, "colors") if len(each.get("rgba") or ()) == 4}
    whole = {number: (int(r), int(g), int(b), int(a)) for number, (r, g, b, a) in colours.items()}
    return StoredLabels(name, read_zarr(place), classes, whole)


def _each(said: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for each in map(mapping, said.get(key) or ()):
        if isinstance(each.get("label-value"), int):
            yield each["label-value"], each


def _class(each: Mapping[str, Any]) -> str:
    return next((str(each[key]) for key in _CLASS if each.get(key)), "")
