"""The images of a project's work: where their files are, and the pixels of those that are no files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.projects.document import ImageEntry, path_from
from napari_hemalens.projects.work import Record, WorkEntry, WorkFiles, read_parts

MOST_KEPT = 400_000_000
"""Bytes of an image, or of labels, that are no file, up to which they are kept in a project."""

T = TypeVar("T")

_PIXELS = "pixels"
_NAMED = 3  # images that a sentence lists


@dataclass(frozen=True, slots=True, eq=False)
class KeptImage:
    """An image of a project.

    Attributes
    ----------
    name : str
        Of its layer or file.
    file : str
        The path of its file where it was last; '' for a layer that is no file.
    path : Path or None
        Where that file is now; None where it is not found, or there is none.
    shape : (int, int)
        Height and width in level-0 pixels.
    layer : mapping
        How a layer shows it, as plain values; empty for an image of a folder that is not shown.
    pixels : callable or None
        Returns the pixels of a layer that is no file; None where they are not kept.
    source : object
        What stands for these pixels: as long as it is the same, they are. As read, the name of their record.
    """

    name: str
    shape: tuple[int, int]
    file: str = ""
    path: Path | None = None
    layer: Mapping[str, Any] = field(default_factory=dict)
    pixels: Callable[[], NDArray[Any]] | None = None
    source: object = None

    def entry(self, project: Path, said: Mapping[str, Any]) -> WorkEntry:
        """Return the entry of the image in a project's folder, and what is said beside it."""
        place = ImageEntry(
            name=self.file or self.name,
            path=path_from(project, Path(self.file)) if self.file else "",
            fingerprint="",
            shape=self.shape,
        )
        return WorkEntry(image=place, said={"name": self.name, "layer": dict(self.layer), **said})

    @property
    def records(self) -> dict[str, Record]:
        """What is kept of the image in files."""
        pixels = self.pixels
        if self.file or pixels is None:
            return {}
        return {_PIXELS: Record((self.source,), lambda: {_PIXELS: np.asarray(pixels())}, compressed=True)}

    @classmethod
    def read(cls, project: Path, entry: WorkEntry) -> "KeptImage":
        """Return the image of an entry, wherever it is now."""
        record = entry.records.get(_PIXELS)
        file = entry.image.name if entry.image.path else ""
        path = entry.image.located(project) if file else None
        name = str(entry.said.get("name", entry.image.name))
        return cls(
            name=name,
            shape=entry.image.shape,
            file=str(path or file),
            path=path,
            layer=entry.said.get("layer", {}),
            pixels=None if record is None else lambda: _pixels(project, record, name),
            source=record,
        )


def adopt_pixels(files: WorkFiles, image: KeptImage, source: object) -> None:
    """Take it that pixels as they were read, for which `source` stands from now on, are in their file already."""
    if isinstance(image.source, str):
        files.adopt([(Record((source,), dict, compressed=True), image.source)])


def read_images(
    entries: Iterable[WorkEntry], read: Callable[[WorkEntry], T | None], what: str
) -> tuple[list[tuple[WorkEntry, T]], tuple[str, ...]]:
    """Return what is kept of images, and a sentence for each whose records are damaged: it is left out.

    Parameters
    ----------
    entries : iterable of WorkEntry
        The images.
    read : callable
        Reads the records of one; None where they are damaged.
    what : str
        What they hold, as in 'cells'.
    """
    found = [(entry, read(entry)) for entry in entries]
    lost = [str(entry.said.get("name", entry.image.name)) for entry, kept in found if kept is None]
    whole = [(entry, kept) for entry, kept in found if kept is not None]
    return whole, tuple(f"The {what} of {name} are damaged and left out." for name in lost)


def missing_in_words(images: Iterable[KeptImage], project: Path) -> tuple[str, ...]:
    """Return a sentence about images whose files are not found; none where there are none."""
    gone = list(dict.fromkeys(Path(each.file).name for each in images))
    if not gone:
        return ()
    listed = ", ".join(gone[:_NAMED]) + (f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else "")
    where = "is not where it was: put it" if len(gone) == 1 else "are not where they were: put them"
    return (f"{listed} {where} into {project}, and open the project again.",)


def _pixels(project: Path, record: str, name: str) -> NDArray[Any]:
    found = read_parts(project, record)
    if found is None:
        raise ImageError(f"The picture of {name} that the project keeps is damaged: open the image yourself.")
    pixels: NDArray[Any] = found[_PIXELS]
    return pixels
