"""The results of a dock as a gallery: what is shown, what is said there, and where it goes. No Qt."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.cell_pictures import CellPictures, PicturedImage, Window
from napari_hemalens.gui.classes import class_keys
from napari_hemalens.gui.corrected import CorrectedResults
from napari_hemalens.gui.running import Runner
from napari_hemalens.records.palette import colour_of
from napari_hemalens.review.gallery import GalleryCells
from napari_hemalens.workflows.blind_reading import CellsToRead

R = TypeVar("R", bound=CorrectedResults)


class GallerySource(ABC, Generic[R]):
    """The cells of a dock's results, shown or not.

    Parameters
    ----------
    results : CorrectedResults
        Whose they are.
    """

    def __init__(self, results: R) -> None:
        self.results = results
        self.changed = results.changed

    @property
    def can_say(self) -> bool:
        """Whether something may be said of the cells now."""
        return not self.results.locked

    @property
    def words(self) -> str:
        """What is left out, in a sentence; empty for nothing."""
        return str(self.results.display.words)

    @abstractmethod
    def cells(self) -> GalleryCells:
        """Return the cells."""

    @abstractmethod
    def images(self) -> Sequence[PicturedImage]:
        """Return their images."""

    @abstractmethod
    def windows(self, cells: GalleryCells) -> NDArray[np.float64]:
        """Return what the picture of each cell shows: (N, 4), y0, x0, y1, x1 in level-0 pixels."""

    @abstractmethod
    def name(self, cells: GalleryCells, chosen: Sequence[int], name: str | None) -> None:
        """Give cells a class, or (None) let theirs stand, in one step."""

    @abstractmethod
    def to_read(self, cells: GalleryCells) -> tuple[CellsToRead, NDArray[np.int64]]:
        """Return the cells that a second observer may read, and which of the gallery they are."""

    @abstractmethod
    def go_to(self, image: int, row: int) -> None:
        """Show a cell in the viewer."""


class GalleryChange(NamedTuple):
    """What has become other since a gallery was last updated: its images, or what its pictures show."""

    images: bool
    pictures: bool


class GallerySession:
    """A gallery of the results of a dock.

    Parameters
    ----------
    source : GallerySource
        The results; what is said in the gallery goes there.
    runner : Runner
        Reads pictures.

    Attributes
    ----------
    cells : GalleryCells
        As of the last `update`.
    pictures : CellPictures
        Of the cells, as far as they were looked at.
    """

    def __init__(self, source: GallerySource[Any], runner: Runner) -> None:
        self.source = source
        self.pictures = CellPictures(runner, self._windows_of)
        self.cells = source.cells()
        self._images: Sequence[PicturedImage] = ()
        self._windows: NDArray[np.float64] = np.zeros((0, 4))

    @property
    def words(self) -> str:
        """What a person has to know of the cells."""
        return self.source.words if self.source.can_say else "A run goes on: cells can be named once it has ended."

    @property
    def keys(self) -> Mapping[str, str]:
        """The key of each class."""
        return class_keys(self.cells.names)

    @property
    def colours(self) -> Mapping[str, str]:
        """The colour of each class."""
        return {name: colour_of(name) for name in self.cells.names}

    def update(self) -> GalleryChange:
        """Take the results as they are now."""
        images, windows = self._images, self._windows
        self.cells, self._images = self.source.cells(), self.source.images()
        self._windows = self.source.windows(self.cells)
        change = GalleryChange([*images] != [*self._images], not np.array_equal(windows, self._windows))
        if change.images:
            self.pictures.keep_only(self._images)
        return change

    def picture_of(self, cell: int) -> NDArray[np.uint8] | None:
        """Return the picture (h, w, 3) of a cell, or None while it is read."""
        image = self._images[int(self.cells.images[cell])]
        return self.pictures.get(image, tuple(self._windows[cell].tolist()))

    def name(self, chosen: Sequence[int], name: str | None) -> None:
        """Give cells a class, or (None) let theirs stand."""
        if chosen and self.source.can_say:
            self.source.name(self.cells, chosen, name)

    def go_to(self, cell: int) -> None:
        """Show a cell in the viewer."""
        self.source.go_to(int(self.cells.images[cell]), int(self.cells.rows[cell]))

    def _windows_of(self, image: PicturedImage) -> list[Window]:
        rows = np.flatnonzero(self.cells.images == self._images.index(image))
        return [tuple(window) for window in self._windows[rows].tolist()]
