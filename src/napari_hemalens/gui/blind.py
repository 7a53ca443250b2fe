"""A blind second reading of the results of a dock: cell after cell, without what was said of them. No Qt."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.gallery import GallerySession, GallerySource
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.running import Runner
from napari_hemalens.gui.teach.view import ShownCell
from napari_hemalens.records.class_set import ClassSet, OwnClass
from napari_hemalens.workflows.blind_reading import (
    BlindReading,
    CellsToRead,
    blind_sentences,
    reading_file,
    write_blind,
)

_NO_PICTURE = np.full((72, 72, 3), 128, dtype=np.uint8)


class BlindSession:
    """One reading at a time of the cells of a dock.

    Parameters
    ----------
    source : GallerySource
        The results; they stay as they are.
    runner : Runner
        Reads pictures.
    kind : str
        Of the dock, in names of files.
    project : callable
        Returns the folder of the project that is open, or None.

    Attributes
    ----------
    reading : BlindReading or None
        That goes on.
    cells : CellsToRead or None
        Its cells.
    """

    changed = Signal()  # another cell is shown, or its picture has come
    said = Signal(str)  # a sentence for the observer; '' takes it back

    def __init__(
        self, source: GallerySource[Any], runner: Runner, kind: str, project: Callable[[], Path | None]
    ) -> None:
        self._gallery = GallerySession(source, runner)
        self._gallery.pictures.arrived.connect(self.changed.emit)
        self._gallery.pictures.failed.connect(self.said.emit)
        self._kind, self._project = kind, project
        self._place: dict[tuple[str, str], int] = {}
        self.reading: BlindReading | None = None
        self.cells: CellsToRead | None = None
        self._saved: tuple[str, ...] = ()

    @property
    def unsaved(self) -> int:
        """How many cells were named that neither a project nor a table holds."""
        reading = self.reading
        if reading is None or reading.file is not None or tuple(reading.said) == self._saved:
            return 0
        return len(reading.classes)

    @property
    def can_read(self) -> bool:
        """Whether no run changes the cells now."""
        return self._gallery.source.can_say

    def look(self) -> int:
        """Take the cells of the results as they are now, and return how many can be read."""
        self._gallery.update()
        self.cells, which = self._gallery.source.to_read(self._gallery.cells)
        self._place = dict(zip(self.cells.keys, which.tolist(), strict=True))
        return len(self.cells)

    @property
    def kept(self) -> BlindReading | None:
        """The reading of this observer that the project keeps; None: there is none, or none of its cells is here."""
        found = None if self._file is None else BlindReading.resume(self._file)
        return found if found is not None and any(key in self._place for key in found.order) else None

    def left_of(self, reading: BlindReading) -> int:
        """Return how many cells of a reading are still to be shown."""
        return sum(key in self._place for key in reading.order[len(reading.said) :])

    def gone_from(self, reading: BlindReading) -> int:
        """Return how many cells of a reading the first reader has removed or moved since; they are passed over."""
        return sum(key not in self._place for key in reading.order)

    def begin(self, number: int | None = None) -> None:
        """Begin with so many cells, drawn at random, by default all.

        Raises
        ------
        ProjectError
            If the reading cannot be kept in the project.
        """
        if self.cells is not None:
            seed = int(np.random.default_rng().integers(2**31))
            file, observer = self._file, OBSERVER.name
            self._take(BlindReading.begin(self.cells, observer, number=number, seed=seed, file=file))

    def resume(self) -> None:
        """Go on with the reading that the project keeps, or see what came out."""
        self._take(self.kept)

    @property
    def classes(self) -> ClassSet:
        """The classes with the keys and colours that they have in the gallery."""
        keys, colours = self._gallery.keys, self._gallery.colours
        return ClassSet(tuple(OwnClass(name, name, colours[name], keys[name]) for name in self._gallery.cells.names))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells this reading has put into each class."""
        return {} if self.reading is None else Counter(name for name in self.reading.said if name)

    @property
    def shown(self) -> ShownCell | None:
        """The cell that is to be named; None: none is left."""
        key = None if self.reading is None else self.reading.current
        cell = None if key is None else self._place.get(key)  # gone, and no file could be told so: none is shown
        if self.reading is None or cell is None:
            return None
        words = f"Cell {len(self.reading.said) + 1:,} of {len(self.reading.order):,}"
        return ShownCell(cell, self._picture(cell), words)

    def press(self, key: str) -> None:
        """Give the cell that is shown the class of a key, and go on."""
        found = self.classes.of_key(key)
        if found is not None:
            self.name(found.name)

    def name(self, name: str) -> None:
        """Give the cell that is shown a class, or ('') pass it over, and go on."""
        reading = self.reading
        if reading is not None:
            self._try(lambda: self._name(reading, name))

    def undo(self) -> None:
        """Go back to the cell before."""
        reading = self.reading
        if reading is not None:
            self._try(lambda: self._undo(reading))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What has come out, once cells were read."""
        return () if self.reading is None or self.cells is None else blind_sentences(self.reading, self.cells)

    def save(self, file: Path) -> None:
        """Write the reading as a table, and say so."""
        reading, cells = self.reading, self.cells
        if reading is not None and cells is not None and self._try(lambda: write_blind(reading, cells, file)):
            self._saved = tuple(reading.said)
            self.said.emit(f"Saved {file}.")

    @property
    def _file(self) -> Path | None:
        project = self._project()
        return None if project is None else reading_file(project, self._kind, OBSERVER.name)

    def _take(self, reading: BlindReading | None) -> None:
        self.reading, self._saved = reading, ()
        if reading is not None:
            self._try(lambda: self._pass_over(reading))
        else:
            self.changed.emit()

    def _name(self, reading: BlindReading, name: str) -> None:
        if reading.current in self._place:
            reading.name(name)
        self._pass_over(reading)

    def _undo(self, reading: BlindReading) -> None:
        reading.undo()
        while reading.said and reading.current not in self._place:
            reading.undo()
        self._pass_over(reading)

    def _pass_over(self, reading: BlindReading) -> None:
        """Go on to a cell that is still there."""
        while reading.current is not None and reading.current not in self._place:
            reading.name("")

    def _picture(self, cell: int) -> NDArray[np.uint8]:
        picture = self._gallery.picture_of(cell)
        return _NO_PICTURE if picture is None else picture

    def _try(self, act: Callable[[], object]) -> bool:
        """Do something, or say why it cannot be done; what was said before is of no interest then."""
        why = ""
        try:
            act()
        except HemaLensError as error:
            why = str(error)
        self.said.emit(why)
        self.changed.emit()
        return not why
