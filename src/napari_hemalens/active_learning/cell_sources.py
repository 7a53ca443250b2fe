"""Cells to teach from any source, and how the images that they lie in are read."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.known_images import KnownImages
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taught_cells import TaughtCells, TaughtImage
from napari_hemalens.segmentation.ellipses import ellipses
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.fingerprint import fingerprint
from napari_hemalens.slides.open import images_in, open_image
from napari_hemalens.slides.slide import Slide

AnyImage: TypeAlias = "str | Path | Slide"

_OFTEN = 64  # images between two steps
_LARGEST_MAP = 100_000_000  # pixels of an image whose cells, given by box, are drawn where a network asks for outlines


@dataclass(frozen=True, slots=True, eq=False)
class ReadableCells:
    """Cells, and what is needed to look at them.

    Attributes
    ----------
    cells : TaughtCells
        The cells.
    open : tuple of callable
        For each of their images, what opens it.
    outlines : tuple of CellMap or None
        For each of their images, the label image that its cells came from; None: there was none.
    """

    cells: TaughtCells
    open: tuple[Callable[[], AbstractContextManager[Slide]], ...]
    outlines: tuple[CellMap | None, ...]

    def map_of(self, image: int) -> tuple[CellMap, NDArray[np.int64]]:
        """Return all cells of an image by outline, and the row there of each of its cells, in their order.

        Cells by box are drawn as ellipses, images of one cell are all cell.

        Raises
        ------
        ImageError
            If the cells are boxes in an image that is too large to draw them.
        """
        rows = np.flatnonzero(self.cells.image_index == image)
        outlined = self.outlines[image]
        if outlined is not None and (self.cells.sources[rows] == "label").all():
            return outlined, np.searchsorted(outlined.ids, self.cells.numbers[rows])
        shape = self.cells.images[image].shape
        if np.isin(self.cells.sources[rows], ("image", "crop")).all():
            return CellMap.whole(shape), np.zeros(len(rows), dtype=np.int64)
        if shape[0] * shape[1] > _LARGEST_MAP:
            raise ImageError(
                f"These weights look at outlines, and {self.cells.images[image].name} is too large to draw those of "
                "boxes: choose weights that need none, such as those of the task nucleated, or give labels."
            )
        return _drawn(self.cells.boxes[rows], shape), np.arange(len(rows))


def cells_of_boxes(
    image: AnyImage,
    boxes: Detections | NDArray[Any],
    *,
    pixel_size_um: float | None = None,
    known: KnownImages | None = None,
) -> ReadableCells:
    """Return the cells that lie in boxes of one image.

    Parameters
    ----------
    image : path or Slide
        The image.
    boxes : Detections or (N, 4) array
        What *Detect cells* found, or y0, x0, y1, x1 in level-0 pixels.
    pixel_size_um : float, optional
        Micrometres a pixel; by default as the detections, else the image, say.
    known : KnownImages, optional
        Spares reading a file that was seen before.

    Raises
    ------
    ImageError
        If the image cannot be read.
    AnnotationError
        If a box has no area.
    """
    if isinstance(boxes, Detections):
        pixel_size_um = boxes.provenance.pixel_size_um if pixel_size_um is None else pixel_size_um
        boxes = boxes.boxes
    corners = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
    if not (corners[:, 2:] > corners[:, :2]).all():
        raise AnnotationError("A box has no area: boxes are y0, x0, y1, x1, the far edge excluded.")
    described, opener = _described(image, pixel_size_um, known)
    cells = TaughtCells.of_image(described, corners, np.arange(len(corners)), "box")
    return ReadableCells(cells, (opener,), (None,))


def cells_of_labels(
    image: AnyImage, labels: NDArray[Any], *, pixel_size_um: float | None = None, known: KnownImages | None = None
) -> ReadableCells:
    """Return the cells of a label image (H, W) of whole numbers, 0 for none, of one image.

    Raises
    ------
    ImageError
        If the image cannot be read, or is not as large as the labels.
    """
    described, opener = _described(image, pixel_size_um, known)
    if labels.shape != described.shape:
        raise ImageError(
            f"The labels are {' x '.join(map(str, labels.shape))} pixels, {described.name or 'the image'} is "
            f"{' x '.join(map(str, described.shape))}: they have to be of one image, at the same scale."
        )
    outlined = CellMap.from_labels(labels)
    cells = TaughtCells.of_image(described, outlined.boxes.astype(np.float32), outlined.ids, "label")
    return ReadableCells(cells, (opener,), (outlined,))


def cells_of_images(
    images: Sequence[str | Path], *, pixel_size_um: float | None = None, known: KnownImages | None = None
) -> ReadableCells:
    """Return images of one cell each as cells: files, folders or patterns; see `cells_of_images_steps`."""
    return finish(cells_of_images_steps(images, pixel_size_um=pixel_size_um, known=known))


def cells_of_images_steps(
    images: Sequence[str | Path], *, pixel_size_um: float | None = None, known: KnownImages | None = None
) -> Steps[ReadableCells]:
    """Return images of one cell each as cells; yields now and then, since each that is not known is read.

    Raises
    ------
    ImageError
        If there is no image, or one cannot be read.
    """
    files = images_in(images)
    parts = []
    for number, path in enumerate(files):
        parts.append(_alone(*_described(path, pixel_size_um, known), number))
        if number % _OFTEN == 0:
            yield Progress(number, len(files), f"image {number + 1:,} of {len(files):,}")
    return join_cells(parts)


def cells_of_crops(crops: NDArray[np.uint8], *, pixel_size_um: float | None = None) -> ReadableCells:
    """Return crops (N, H, W) or (N, H, W, 3 or 4) as cells.

    Raises
    ------
    ImageError
        If they have another shape.
    """
    if crops.ndim not in {3, 4} or (crops.ndim == 4 and crops.shape[3] not in {3, 4}):
        raise ImageError(f"Crops are (N, H, W) in grey or (N, H, W, 3 or 4) in colour; got {crops.shape}.")
    axes = "YX" if crops.ndim == 3 else "YXC"
    slides = [from_array(crop, name=f"crop {k + 1}", axes=axes) for k, crop in enumerate(crops)]
    found = [_described(slide, pixel_size_um, None) for slide in slides]
    parts = [_alone(described, opener, number, "crop") for number, (described, opener) in enumerate(found)]
    return join_cells(parts)


def cells_of_table(table: CellTable, *, known: KnownImages | None = None) -> ReadableCells:
    """Return the cells of a table by box, image by image, in the order in which the images first appear in it.

    Raises
    ------
    ImageError
        If an image cannot be read.
    """
    paths = table.images.astype(str)
    parts = []
    for path in dict.fromkeys(paths.tolist()):
        rows = np.flatnonzero(paths == path)
        described, opener = _described(path, float(table.pixel_sizes[rows[0]]), known)
        cells = TaughtCells.of_image(described, table.boxes[rows], rows, "box")
        parts.append(ReadableCells(cells, (opener,), (None,)))
    return join_cells(parts)


def join_cells(parts: Sequence[ReadableCells]) -> ReadableCells:
    """Return the cells of several sources as one, each cell once.

    Of an image that is given both as labels and as boxes, the labels are what outlines are taken from.
    """
    cells = TaughtCells.join([part.cells for part in parts])
    openers: dict[str, Callable[[], AbstractContextManager[Slide]]] = {}
    outlines: dict[str, CellMap | None] = {}
    for part in parts:
        for image, opener, outlined in zip(part.cells.images, part.open, part.outlines, strict=True):
            openers.setdefault(image.fingerprint, opener)
            outlines[image.fingerprint] = outlines.get(image.fingerprint) or outlined
    _, first = np.unique(cells.ids, return_index=True)
    cells = cells.take(np.sort(first).astype(np.int64))
    names = [image.fingerprint for image in cells.images]
    return ReadableCells(cells, tuple(openers[n] for n in names), tuple(outlines[n] for n in names))


def _described(
    image: AnyImage, pixel_size_um: float | None, known: KnownImages | None
) -> tuple[TaughtImage, Callable[[], AbstractContextManager[Slide]]]:
    """Return what is known of an image, and what opens it."""
    if isinstance(image, Slide):
        size = image.pixel_size_um if pixel_size_um is None else pixel_size_um
        described = TaughtImage(image.name, fingerprint(image), image.shape, size)
        return described, lambda: nullcontext(image)  # whoever opened it closes it
    found = None if known is None else known.get(Path(image))
    if found is None:
        with open_image(image) as slide:
            found = TaughtImage(str(image), fingerprint(slide), slide.shape, slide.pixel_size_um)
        if known is not None:
            known.put(Path(image), found)
    size = found.pixel_size_um if pixel_size_um is None else pixel_size_um
    described = TaughtImage(str(image), found.fingerprint, found.shape, size)
    return described, partial(open_image, image)


def _alone(
    image: TaughtImage,
    opener: Callable[[], AbstractContextManager[Slide]],
    number: int,
    source: Any = "image",
) -> ReadableCells:
    """Return an image as one cell."""
    box = np.array([[0, 0, *image.shape]], dtype=np.float32)
    cells = TaughtCells.of_image(image, box, np.array([number], dtype=np.int64), source)
    return ReadableCells(cells, (opener,), (None,))


def _drawn(boxes: NDArray[np.float32], shape: tuple[int, int]) -> CellMap:
    """Return cells by box as ellipses; ids are 1 to N, also of one that others hide."""
    ids = np.arange(1, len(boxes) + 1)
    areas = np.pi / 4 * (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return CellMap(
        ellipses(boxes, ids, shape),
        ids,
        ((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5).astype(np.float64),
        np.maximum(1, np.rint(areas)).astype(np.int64),
        np.rint(boxes).astype(np.int64),
    )
