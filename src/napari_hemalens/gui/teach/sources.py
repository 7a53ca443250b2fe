"""Which cells a person teaches: those of a layer, the planes of a stack, or images of one cell each. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.cell_layers import cells_in, check_lie_together, holds_cells, plane_of
from napari_hemalens.gui.layers import MARK, pixel_size_um, slide_opener
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.workflows.images import Slide
from napari_hemalens.workflows.teaching import (
    KnownImages,
    Project,
    ReadableCells,
    cells_of_boxes,
    cells_of_crops,
    cells_of_images_steps,
    cells_of_labels,
    has_stored_cells,
    stored_cells,
)

ReadCells: TypeAlias = Callable[[KnownImages], Steps[ReadableCells]]
"""Reads the cells; run in the worker."""


@dataclass(frozen=True, slots=True, eq=False)
class CellSource:
    """Cells to teach.

    Attributes
    ----------
    name : str
        What they are of, for messages.
    read : callable
        Reads them.
    image : Image or None
        The layer that they lie in.
    left_out : int
        How many boxes of the layer are not among them.
    frame : tuple of int
        Which frame of the layer.
    """

    name: str
    read: ReadCells
    image: Image | None = None
    left_out: int = 0
    frame: tuple[int, ...] = ()


def cells_of_layer(
    image: Image | None, cells: Layer | None, steps: Sequence[int] = (), *, pixel_size_um: float | None = None
) -> CellSource:
    """Return the cells that a layer outlines or boxes in an image; of boxes, nucleated ones if there are any.

    What layers say is read at once, pixels only later: `read` may run in another thread.

    Parameters
    ----------
    image, cells : layer or None
        The image, and Labels or boxes of HemaLens over it.
    steps : sequence of int
        Where the viewer's sliders stand.
    pixel_size_um : float, optional
        Micrometres a pixel.

    Raises
    ------
    HemaLensError
        If there is no image, there are no cells, or they do not lie on it.
    """
    if image is None:
        raise ImageError("There is no image: open one first, or teach a folder of images of one cell each.")
    if cells is None or not holds_cells(cells):
        raise AnnotationError(
            "There are no cells to teach: run Detect cells, open labels of them, or choose a folder of images."
        )
    frame = frame_of(image, tuple(steps))
    check_lie_together(image, cells, frame)
    opener = slide_opener(image, frame, sized=False)
    if isinstance(cells, Labels):
        read = _labels(cells, opener, steps)
        return CellSource(image.name, lambda _: read(pixel_size_um), image, frame=frame)
    boxes, left_out = _chosen(cells)
    return CellSource(image.name, lambda _: _boxes(boxes, opener, pixel_size_um), image, left_out, frame)


def known_pixel_size(image: Image | None, cells: Layer | None) -> float | None:
    """Return the micrometres a pixel that cells were found with, else those that the image says."""
    found = None if cells is None else cells.metadata.get(MARK)
    size = found.provenance.pixel_size_um if isinstance(found, Detections) else None
    return size or (None if image is None else pixel_size_um(image))


def cells_of_stack(image: Image) -> CellSource:
    """Return the planes of a stack of crops as cells.

    Raises
    ------
    ImageError
        If the layer is no stack.
    """
    if image.ndim != 3 or image.multiscale:
        raise ImageError(f"{image.name!r} is no stack of crops: such a layer has the axes number, y, x.")
    size, planes = pixel_size_um(image), image.data

    def read(_: KnownImages) -> Steps[ReadableCells]:
        yield from ()
        return cells_of_crops(np.asarray(planes), pixel_size_um=size)

    return CellSource(image.name, read)


def cells_of_folder(folder: Path) -> CellSource:
    """Return the images of a folder as cells."""
    return CellSource(folder.name, lambda known: cells_of_images_steps([folder], known=known))


def cells_of_project(project: Project) -> CellSource | None:
    """Return the cells that were looked at last in a project; None: there were none."""
    if not has_stored_cells(project):
        return None

    def read(_: KnownImages) -> Steps[ReadableCells]:
        yield from ()
        return stored_cells(project)

    return CellSource(project.folder.name, read)


def _labels(
    layer: Labels, opener: Callable[[], Slide], steps: Sequence[int]
) -> Callable[[float | None], Steps[ReadableCells]]:
    drawn = cells_in(layer, plane_of(layer, steps))

    def read(size: float | None) -> Steps[ReadableCells]:
        yield from ()
        slide = opener()
        return cells_of_labels(slide, drawn(slide.shape), pixel_size_um=size)

    return read


def _chosen(layer: Layer) -> tuple[NDArray[np.float32], int]:
    """Return the boxes (N, 4) of nucleated cells, else all, and how many others there are."""
    boxes = boxes_of(layer)
    nucleated = np.array([cell_class(str(name)).nucleated for name in layer.features["class"]], dtype=bool)
    chosen = boxes[nucleated] if nucleated.any() else boxes
    return chosen, len(boxes) - len(chosen)


def _boxes(boxes: NDArray[np.float32], opener: Callable[[], Slide], size: float | None) -> Steps[ReadableCells]:
    yield from ()
    return cells_of_boxes(opener(), boxes, pixel_size_um=size)
