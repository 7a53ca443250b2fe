"""`project.json`: what a project is made of. A newer version of the format is refused, and nothing is overwritten."""

import json
import os
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import ProjectError
from napari_hemalens.records.class_set import ClassSet, OwnClass
from napari_hemalens.records.taught_cells import TaughtImage

FILE = "project.json"
VERSION = 1
"""Of the format that is written. A change that older versions would misread raises it."""

PICTURES = Path("pool", "images")
"""Of a project: images that are no files, each as a picture that is called after what is in it."""

_NEAR = 3  # folders up from that of the project, within which the path of an image is relative


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Class(_Part):
    id: str
    name: str
    colour: str
    key: str = ""


class ImageEntry(_Part):
    """Where an image is.

    Attributes
    ----------
    name : str
        Path as it was given, or name of the layer.
    path : str
        Path of the file, with '/', from the project's folder if it lies near; '' for a layer without a file.
    fingerprint : str
        Of its content.
    shape : (int, int)
        Height and width in level-0 pixels.
    pixel_size_um : float or None
        Micrometres a pixel.
    """

    name: str
    path: str
    fingerprint: str
    shape: tuple[int, int]
    pixel_size_um: float | None = None

    @classmethod
    def of(cls, image: TaughtImage, folder: Path) -> "ImageEntry":
        """Return the entry of an image in the project of a folder."""
        return cls(
            name=image.name,
            path=path_from(folder, Path(image.name)) if Path(image.name).exists() else "",
            fingerprint=image.fingerprint,
            shape=image.shape,
            pixel_size_um=image.pixel_size_um,
        )

    def located(self, folder: Path) -> Path | None:
        """Return where the file lies now: where it was, or by its name in the project's folder or one in it."""
        file = Path(self.name).name
        places = ([folder / self.path] if self.path else []) + [Path(self.name), folder / file]
        found = next((place for place in places if self.name and place.exists()), None)
        return found or next((place for place in sorted(folder.glob(f"*/{escape(file)}")) if file), None)


class WeightsEntry(_Part):
    """The weights that embed the cells."""

    name: str
    sha256: str


class Document(_Part):
    """All that `project.json` says.

    Attributes
    ----------
    format, version : str, int
        What the file is.
    seed : int
        Of the random cells.
    classes, classes_made : tuple, int
        As in `ClassSet`.
    images : tuple of ImageEntry
        All images whose cells were ever taught.
    weights : WeightsEntry or None
        The weights that embed; None: not chosen yet.
    """

    format: Literal["hemalens-project"] = "hemalens-project"
    version: int = VERSION
    seed: int = 0
    classes: tuple[_Class, ...] = ()
    classes_made: int = 0
    images: tuple[ImageEntry, ...] = ()
    weights: WeightsEntry | None = None

    @property
    def class_set(self) -> ClassSet:
        """The classes."""
        return _class_set(self.classes, self.classes_made)

    def with_classes(self, classes: ClassSet) -> "Document":
        """Return the document with other classes."""
        kept = tuple(_Class(id=each.id, name=each.name, colour=each.colour, key=each.key) for each in classes)
        return self.model_copy(update={"classes": kept, "classes_made": classes.made})

    def with_image(self, entry: ImageEntry) -> "Document":
        """Return the document with an image, in place of what was known of it."""
        known = {each.fingerprint: each for each in self.images} | {entry.fingerprint: entry}
        return self.model_copy(update={"images": tuple(known.values())})


@lru_cache(maxsize=8)
def _class_set(classes: tuple[_Class, ...], made: int) -> ClassSet:
    """Return classes as a set, which is asked for many times a label."""
    return ClassSet(tuple(OwnClass(each.id, each.name, each.colour, each.key) for each in classes), made)


def read(folder: Path) -> Document:
    """Read `project.json` of a folder.

    Raises
    ------
    ProjectError
        If it is missing, no such file, or of a newer version.
    """
    file = folder / FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProjectError(f"{folder} is no project: it has no {FILE}.") from error
    except (OSError, ValueError) as error:
        raise ProjectError(f"Cannot read {file}: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != "hemalens-project":
        raise ProjectError(f"{file} does not describe a project of HemaLens.")
    if isinstance(found.get("version"), int) and found["version"] > VERSION:
        raise ProjectError(
            f"{folder} was written by a newer HemaLens (format {found['version']}; this knows {VERSION}): update it."
        )
    try:
        return Document.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProjectError(f"{file} does not describe a project: {where}: {first['msg']}.") from error


def write(document: Document, folder: Path) -> None:
    """Write `project.json`, whole or not at all, and on the disk when this returns.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    try:
        with writing(folder / FILE) as temporary, temporary.open("w", encoding="utf-8") as out:
            out.write(document.model_dump_json(indent=2) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise ProjectError(f"The project could not be written to {folder}: {error.strerror}.") from error


def path_from(folder: Path, image: Path) -> str:
    """Return the path of an image from a folder, if it lies in or near it, else the absolute one."""
    there = image.resolve()
    try:
        relative = Path(os.path.relpath(there, folder.resolve()))
    except ValueError:  # on another drive of Windows
        return there.as_posix()
    return there.as_posix() if relative.parts[: _NEAR + 1] == ("..",) * (_NEAR + 1) else relative.as_posix()


def is_kept_picture(file: str | Path) -> bool:
    """Return whether a file is the picture that a project keeps of an image that is no file: its name says nothing."""
    place = Path(file)
    project = place.parent.parent.parent
    return place.parent == project / PICTURES and (project / FILE).exists()
