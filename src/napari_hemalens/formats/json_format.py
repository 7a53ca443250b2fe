"""How JSON of another tool is read, whatever the tool: which files are its own, and one record per image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_hemalens.formats import documents
from napari_hemalens.formats.draft import Draft, drafts_of, finish_drafts
from napari_hemalens.records.detections import Detections


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format of JSON that is read only.

    Attributes
    ----------
    usual : str
        What the tool calls its file in a folder; '' if each image has its own.
    fault : str
        What is wrong with a file that was asked for and is of another format: the end of a sentence.
    parse : callable
        Takes what a file holds; returns what is the tool's own in it, or None if it is of another format.
    drafts : callable
        Takes the file and what `parse` found; returns a draft per image.
    """

    usual: str
    fault: str
    parse: Callable[[Any], Any]
    drafts: Callable[[Path, Any], list[Draft]]

    def holds(self, path: Path, split: str | None = None) -> bool:
        """Whether `read` would find files of this format there."""
        files = documents.files_of(path, split, self.usual)
        return any(self.parse(documents.content(file)) is not None for file in files)

    def read(
        self, path: Path, *, split: str | None = None, names: Sequence[str] | None = None
    ) -> tuple[Detections, ...]:
        """Read one record per image of all files.

        Parameters
        ----------
        path : Path
            A file, or the folder of all (`documents.files_of`). Images are searched beside it and in `images/`.
        split : str, optional
            Reads the file of that name, or the files in the folder of that name.
        names : sequence of str, optional
            The classes; by default those found, sorted.

        Raises
        ------
        AnnotationError
            If the file asked for is of another format.
        """
        files = documents.files_of(path, split, self.usual)
        return finish_drafts(drafts_of(path, files, self._drafts_of_file, self.fault), names)

    def _drafts_of_file(self, file: Path) -> list[Draft] | None:
        found = self.parse(documents.content(file))
        return None if found is None else self.drafts(file, found)
