"""Detected cells of all images, as a gallery. No Qt."""

from collections.abc import Callable, Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.cell_pictures import PicturedImage
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.results import Results
from napari_hemalens.gui.gallery import GallerySource
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.records.corrections import UNNAMED_KINDS
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.review.gallery import GalleryCells
from napari_hemalens.review.gallery_sources import gallery_of_boxes, name_boxes
from napari_hemalens.workflows.blind_reading import CellsToRead
from napari_hemalens.workflows.cell_pictures import picture_windows
from napari_hemalens.workflows.images import Slide, choose_colours, open_image


class DetectedGallery(GallerySource[Results]):
    """The cells on screen of every field, shown or not."""

    def cells(self) -> GalleryCells:
        """Return the cells that are drawn, or would be if their image were shown."""
        fields = [f.cells for f in self.results.fields]
        shown = [self.results.display.shows(each) for each in fields]
        return gallery_of_boxes(fields, self.results.score_threshold, shown)

    def images(self) -> Sequence[PicturedImage]:
        """Return the images: files where they are of a folder, else layers."""
        fields = self.results.fields
        return [PicturedImage((f, f.image is None), f.name, _opener(f), whole=f.path is not None) for f in fields]

    def windows(self, cells: GalleryCells) -> NDArray[np.float64]:
        """Return what the picture of each cell shows: (N, 4), y0, x0, y1, x1 in level-0 pixels."""
        windows = [np.zeros((0, 4))]
        for index, f in enumerate(self.results.fields):
            found = f.cells.cells
            every = picture_windows(found.boxes, found.provenance.pixel_size_um)
            windows.append(every[cells.rows[cells.images == index]])
        return np.concatenate(windows)

    def name(self, cells: GalleryCells, chosen: Sequence[int], name: str | None) -> None:
        """Give cells a class, or (None) let theirs stand, in one step."""
        fields = [f.cells for f in self.results.fields]
        self.results.replace_cells(name_boxes(fields, cells, chosen, name))

    def to_read(self, cells: GalleryCells) -> tuple[CellsToRead, NDArray[np.int64]]:
        """Return the nucleated cells, and which of the gallery they are."""
        nucleated = np.array([cell_class(name).nucleated for name in (*cells.names, "other")])
        which = np.flatnonzero(nucleated[cells.classes])
        said: list[tuple[str, str, str, str]] = []
        readers: set[str] = set()
        for index, row in zip(cells.images[which].tolist(), cells.rows[which].tolist(), strict=True):
            f = self.results.fields[index].cells
            box = " ".join(f"{edge:.1f}" for edge in f.cells.boxes[row].tolist())
            predicted = int(f.predictions.classes[row])
            first = str(f.cells.class_names[row]) if f.touched[row] and f.kinds[row] not in UNNAMED_KINDS else ""
            network = f.cells.names[predicted] if predicted >= 0 else ""
            said.append((PurePath(f.cells.provenance.title).name, box, first, network))
            readers |= {str(f.observers[row])} if first else set()
        images, places, firsts, networks = np.array(said, dtype=np.str_).reshape(-1, 4).T
        return CellsToRead(images, places, firsts, networks, tuple(sorted(readers - {""}))), which

    def go_to(self, image: int, row: int) -> None:
        """Select a cell in the middle of the canvas; the image of a folder is opened."""
        self.results.look_at(self.results.fields[image], row)


def _opener(f: Field) -> Callable[[], Slide]:
    """Return what opens the image of a field as it was looked at; called in another thread."""
    channel = f.cells.cells.provenance.recipe.get("channel")
    if f.path is not None:
        path, frame = f.path, f.frame
        return lambda: choose_colours(open_image(path, frame=frame), channel)
    if f.image is None:
        return _refuse
    layer = slide_opener(f.image, f.frame)
    return lambda: choose_colours(layer(), channel)


def _refuse() -> Slide:
    raise ImageError("its image was removed from the viewer.")
