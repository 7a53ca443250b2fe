"""Classified cells of all images of a task, as a gallery. No Qt."""

from collections.abc import Callable, Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.cell_pictures import PicturedImage
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.gallery import GallerySource
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.gallery import GalleryCells
from napari_hemalens.review.gallery_sources import gallery_of_classes, name_cells
from napari_hemalens.workflows.blind_reading import CellsToRead
from napari_hemalens.workflows.cell_pictures import picture_windows
from napari_hemalens.workflows.images import Slide, choose_channel


class ClassifiedGallery(GallerySource[ClassResults]):
    """The cells of every image of the current task."""

    def cells(self) -> GalleryCells:
        """Return the cells that the layers show."""
        reviewed = self._reviewed()
        return gallery_of_classes(reviewed, [self.results.display.shows(each) for each in reviewed])

    def images(self) -> Sequence[PicturedImage]:
        """Return the layers of the images; results of one image and frame share their pictures."""
        states = self.results.states_of_task
        return [PicturedImage((s.image, s.frame, _channel(s)), s.image.name, _opener(s)) for s in states]

    def windows(self, cells: GalleryCells) -> NDArray[np.float64]:
        """Return what the picture of each cell shows: (N, 4), y0, x0, y1, x1 in level-0 pixels."""
        windows = [np.zeros((0, 4))]
        for index, each in enumerate(self._reviewed()):
            found = each.cells
            half = np.sqrt(found.areas / np.pi)[:, None]
            boxes = np.concatenate([found.centres + 0.5 - half, found.centres + 0.5 + half], axis=1)
            every = picture_windows(boxes, found.provenance.pixel_size_um)
            windows.append(every[cells.rows[cells.images == index]])
        return np.concatenate(windows)

    def name(self, cells: GalleryCells, chosen: Sequence[int], name: str | None) -> None:
        """Give cells a class, or (None) let theirs stand, in one step."""
        named = name_cells(self._reviewed(), cells, chosen, name)
        self.results.replace_cells(dict(zip(self.results.states_of_task, named, strict=True)))

    def to_read(self, cells: GalleryCells) -> tuple[CellsToRead, NDArray[np.int64]]:
        """Return all cells of the gallery."""
        every = self._reviewed()
        of_cells = list(zip(cells.images.tolist(), cells.rows.tolist(), strict=True))
        images = [PurePath(each.cells.provenance.title).name for each in every]
        given, observers = [each.given_names for each in every], [each.current.observers for each in every]
        network = [each.cells.class_names for each in every]
        readers = {str(observers[i][row]) for i, row in of_cells if given[i][row]} - {""}
        said = [(images[i], str(every[i].cells.ids[row]), given[i][row], network[i][row]) for i, row in of_cells]
        names, numbers, firsts, networks = np.array(said, dtype=np.str_).reshape(-1, 4).T
        return CellsToRead(names, numbers, firsts, networks, tuple(sorted(readers))), np.arange(len(cells))

    def go_to(self, image: int, row: int) -> None:
        """Select a cell in the middle of the canvas."""
        self.results.look_at(self.results.states_of_task[image], row)

    def _reviewed(self) -> list[ReviewedClasses]:
        return [state.reviewed for state in self.results.states_of_task if state.reviewed is not None]


def _opener(state: ClassificationState) -> Callable[[], Slide]:
    """Return what opens the image of a result, in the channel that was looked at; called in another thread."""
    layer, channel = slide_opener(state.image, state.frame), _channel(state)
    return lambda: choose_channel(layer(), channel)


def _channel(state: ClassificationState) -> int | str | None:
    return None if state.reviewed is None else state.reviewed.cells.provenance.recipe.get("channel")
