"""The work of a project: what each dock found and a person corrected, as it was last.

In `work/` lie one document a dock (`detect.json`, `classify.json`), which says of which images there is what, and
record files (`formats.record_files`) of what is large. A record is never changed: what has changed is written to a new
one, and the document, which appears whole, names it. So a kill at any moment leaves the work as it was before or after.
"""

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import ProjectError
from napari_hemalens.formats.record_files import read_record, write_record
from napari_hemalens.projects.document import ImageEntry

FOLDER = "work"
KINDS = ("detect", "classify")
"""The docks that keep work here; Teach has its journal."""

VERSION = 1
"""Of the documents and records that are written. A change that older versions would misread raises it."""

_KEY = f"work-{VERSION}"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class WorkEntry(_Part):
    """What is kept of one image.

    Attributes
    ----------
    image : ImageEntry
        Where it is.
    said : mapping
        Frame, layers, and what a person said, as plain values.
    records : mapping of str to str
        Names of the record files of what is large, by what they hold.
    """

    image: ImageEntry
    said: dict[str, Any] = {}
    records: dict[str, str] = {}


class WorkDocument(_Part):
    """What is kept of one dock.

    Attributes
    ----------
    format, version : str, int
        What the file is.
    choices : mapping
        Options and what else goes for all images, as plain values.
    images : tuple of WorkEntry
        In the order of the dock.
    """

    format: Literal["hemalens-work"] = "hemalens-work"
    version: int = VERSION
    choices: dict[str, Any] = {}
    images: tuple[WorkEntry, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Something large that is kept in a file of its own.

    Attributes
    ----------
    sources : tuple
        What it is made of, objects that never change: as long as they are the same, the file is.
    parts : callable
        Returns what `record_files.write_record` takes.
    compressed : bool
        Whether that is worth the time, as of labels.
    """

    sources: tuple[object, ...]
    parts: Callable[[], Mapping[str, Any]]
    compressed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WorkItem:
    """What is to be kept of one image: an entry without records, and these."""

    entry: WorkEntry
    records: Mapping[str, Record] = field(default_factory=dict)


class WorkFiles:
    """The files of one project; several docks, and threads, may write at a time.

    Parameters
    ----------
    folder : Path
        Of the project.
    """

    def __init__(self, folder: Path) -> None:
        self._project = folder
        self._folder = folder / FOLDER
        self._documents: dict[str, WorkDocument] = {}
        self._files: dict[tuple[int, ...], tuple[Record, str]] = {}  # by what records are made of
        self._lock = threading.Lock()

    def read(self, kind: str) -> WorkDocument | None:
        """Return the document of a dock; None where it has kept nothing.

        Raises
        ------
        ProjectError
            If it is damaged, or of a newer version.
        """
        found = read_document(self._project, kind)
        if found is not None:
            self._documents[kind] = found
        return found

    def adopt(self, records: Iterable[tuple[Record, str]]) -> None:
        """Take it that records, as they were read, are in files already."""
        for record, name in records:
            self._files[_identity(record)] = (record, name)

    def write(
        self,
        kind: str,
        items: Sequence[WorkItem],
        choices: Mapping[str, Any],
        usual: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write what has changed of a dock since it was written last, and return whether anything had.

        Parameters
        ----------
        kind : str
            Of the dock.
        items : sequence of WorkItem
            What is to be kept of its images.
        choices : mapping
            What a person chose, as plain values; `options` among them are those of the dock.
        usual : mapping, optional
            Options that nobody chose: without images, a document is begun for others alone.

        Raises
        ------
        ProjectError
            If it cannot be written; what was written last is still there.
        """
        with self._lock:
            try:
                document = self._document(items, choices)
                before = self._documents.get(kind)
                if document == before or (before is None and not items and not _chosen(choices, usual or {})):
                    return False
                self._write(kind, document)
                self._delete_old(() if before is None else before.images)
            except OSError as error:
                reason = error.strerror or str(error)
                raise ProjectError(f"The work could not be written to {self._folder}: {reason}.") from error
            return True

    def _document(self, items: Sequence[WorkItem], choices: Mapping[str, Any]) -> WorkDocument:
        """Return what is to be kept, whose records are in their files by then."""
        entries = tuple(
            item.entry.model_copy(
                update={"records": {what: self._file_of(item, record) for what, record in item.records.items()}}
            )
            for item in items
        )
        return WorkDocument(choices=dict(choices), images=entries)

    def _write(self, kind: str, document: WorkDocument) -> None:
        with writing(self._folder / f"{kind}.json") as temporary, temporary.open("w", encoding="utf-8") as out:
            out.write(document.model_dump_json(indent=1) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self._documents[kind] = document

    def _file_of(self, item: WorkItem, record: Record) -> str:
        """Return the name of the file of a record, which is written if it is new."""
        known = self._files.get(_identity(record))
        if known is not None:
            return known[1]
        stem = "".join(c if c.isascii() and c.isalnum() else "-" for c in Path(item.entry.image.name).stem)[:40]
        name = f"{stem or 'image'}-{secrets.token_hex(6)}.npz"
        write_record(record.parts(), self._folder / name, key=_KEY, compressed=record.compressed)
        with (self._folder / name).open("r+b") as written:
            os.fsync(written.fileno())
        self._files[_identity(record)] = (record, name)
        return name

    def _delete_old(self, before: Iterable[WorkEntry]) -> None:
        """Delete records that the last document named and none does any more."""
        named = {name for of in self._documents.values() for entry in of.images for name in entry.records.values()}
        for name in {name for entry in before for name in entry.records.values()} - named:
            (self._folder / name).unlink(missing_ok=True)
        self._files = {key: (record, name) for key, (record, name) in self._files.items() if name in named}


def read_document(folder: Path, kind: str) -> WorkDocument | None:
    """Return what a project keeps of a dock; None for nothing.

    Raises
    ------
    ProjectError
        If it is damaged, or of a newer version.
    """
    file = folder / FOLDER / f"{kind}.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"Cannot read {file}: {error}. Move that file away to open the project without it."
        ) from error
    version = found.get("version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ProjectError(
            f"The work in {folder} was written by a newer HemaLens (format {version}; this knows {VERSION}): update it."
        )
    try:
        return WorkDocument.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProjectError(f"{file} does not describe work: {where or 'file'}: {first['msg']}.") from error


def read_parts(folder: Path, name: str) -> dict[str, Any] | None:
    """Return a record of a project; None where it is not there, or damaged."""
    return read_record(folder / FOLDER / Path(name).name, key=_KEY)


def _identity(record: Record) -> tuple[int, ...]:
    return tuple(map(id, record.sources))  # they are kept with it, so that no other object gets their number


def _chosen(choices: Mapping[str, Any], usual: Mapping[str, Any]) -> bool:
    """Return whether a person chose an option that is not as usual."""
    return any(name in usual and value != usual[name] for name, value in choices.get("options", {}).items())
