"""Pictures of cells for a report, cut from the images of a run."""

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.reports.gallery import ClassPictures, Thumbnail
from napari_hemalens.reports.stored_results import StoredAssay, StoredImage, StoredSmear
from napari_hemalens.review.gallery import Gallery, GalleryCells
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide

Opened: TypeAlias = Mapping[tuple[str, str], Callable[[], Slide]]
"""What opens images that are no files, by image and frame as the provenance of their cells says them."""

_SIDE = 120  # pixels of a picture: 150 to the inch in print
_AROUND = 1.15  # width of a picture over that of a cell
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class CutGallery:
    """What a gallery shows.

    Attributes
    ----------
    classes : tuple of ClassPictures
        By class, in their order.
    width : str
        How wide pictures are, in micrometres, or pixels where no size is known.
    missing : tuple of str
        Names of images that cannot be found or read.
    """

    classes: tuple[ClassPictures, ...]
    width: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The cells of all images."""

    cells: GalleryCells
    unsure: NDArray[np.bool_]
    centres: NDArray[np.float64]  # (N, 2) y, x in pixels
    sides: NDArray[np.float64]  # (N,) of a square around each cell, in pixels
    scales: NDArray[np.float64]  # (I,) micrometres a pixel of each image; 1 where those of any are not known
    unit: str

    def choose(self, there: NDArray[np.bool_], per_class: int) -> dict[str, tuple[int, NDArray[np.int64]]]:
        """Return how many cells each class has, and some of them that lie in images that are `there` (I,)."""
        groups = [group for group in Gallery(self.cells).groups if len(group.cells) and _is_shown(group.name)]
        return {
            group.name: (len(group.cells), group.cells[there[self.cells.images[group.cells]]][:per_class])
            for group in groups
        }

    def width(self, rows: NDArray[np.int64]) -> float:
        """Return how wide pictures of some cells are, in `unit`: all but the largest fit."""
        sizes = (self.sides * self.scales[self.cells.images])[rows]
        return float(np.percentile(sizes, 90)) * _AROUND if sizes.size else 0.0

    def thumbnail(self, slide: Slide, row: int, width: float) -> Thumbnail:
        """Return the picture of a cell."""
        span = max(width / self.scales[self.cells.images[row]], self.sides[row] * _AROUND)
        jpeg = _cut(slide, self.centres[row], span)
        sure, given = float(self.cells.certainty[row]), bool(self.cells.given[row])
        return Thumbnail(jpeg, sure, bool(self.unsure[row]), given)


def cut_gallery_steps(
    stored: StoredSmear | StoredAssay, per_class: int, opened: Opened = MappingProxyType({})
) -> Steps[CutGallery]:
    """Cut the least certain cells of each class from their images; yields after each image.

    Red cells and platelets are left out, and images that are not there or cannot be read are named.
    """
    records: Mapping[str, Detections | Classified] = (
        stored.fields if isinstance(stored, StoredSmear) else stored.results
    )
    images = [image for image in stored.images if image.name in records]
    there = np.array([image.path is not None or _known_by(image) in opened for image in images], dtype=np.bool_)
    missing = {image.name: None for image, found in zip(images, there, strict=True) if not found}
    if not images or not per_class:
        return CutGallery((), missing=tuple(missing if per_class else ()))
    cells = _gather([records[image.name] for image in images])
    chosen = cells.choose(there, per_class)
    picked = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows in chosen.values())])
    width = cells.width(picked)
    thumbnails: dict[int, Thumbnail] = {}
    for index, image in enumerate(images):
        rows = picked[cells.cells.images[picked] == index].tolist()
        try:
            if rows:
                with _open(image, stored, opened) as slide:
                    thumbnails |= {row: cells.thumbnail(slide, row, width) for row in rows}
        except ImageError:  # is named below the gallery
            missing[image.name] = None
        yield Progress(index + 1, len(images), image.name)
    classes = (
        ClassPictures(name, number, tuple(thumbnails[row] for row in rows.tolist() if row in thumbnails))
        for name, (number, rows) in chosen.items()
    )
    return CutGallery(tuple(classes), f"{width:.0f} {cells.unit}", tuple(missing))


def _is_shown(name: str) -> bool:
    return bool(name) and cell_class(name).nucleated


def _gather(records: Sequence[Detections | Classified]) -> _Cells:
    names = tuple(dict.fromkeys(name for each in records for name in each.names))
    sizes = [each.provenance.pixel_size_um for each in records]
    known = all(sizes)
    classes, unsure, certainty, centres, sides = zip(*(_columns(each, names) for each in records), strict=True)
    given = np.concatenate([_given(each) for each in records])
    numbers = [len(each) for each in records]
    cells = GalleryCells(
        names,
        np.concatenate(classes),
        given,
        np.concatenate(certainty),
        np.full(sum(numbers), np.nan, dtype=np.float32),
        np.repeat(np.arange(len(records)), numbers),
        np.concatenate([np.arange(number) for number in numbers]),
    )
    scales = np.array([size if known and size else 1.0 for size in sizes])
    return _Cells(
        cells, np.concatenate(unsure), np.concatenate(centres), np.concatenate(sides), scales, "µm" if known else "px"
    )


def _columns(each: Detections | Classified, names: tuple[str, ...]) -> tuple[NDArray[Any], ...]:
    """Return class, whether unsure, certainty, centre and side of the cells of an image."""
    lookup = np.array([names.index(name) for name in each.names] or [0], dtype=np.int64)
    classes = lookup[each.classes]
    if isinstance(each, Detections):
        sure = np.where(np.isnan(each.certainty), each.scores, each.certainty)
        sides = (each.boxes[:, 2:] - each.boxes[:, :2]).max(axis=1, initial=1.0)
        return classes, each.unsure, sure, each.centres.astype(np.float64), sides.astype(np.float64)
    sides = 2 * np.sqrt(each.areas / math.pi) * _AROUND
    return classes, np.zeros(len(each), np.bool_), each.predicted_scores, each.centres + 0.5, sides


def _given(each: Detections | Classified) -> NDArray[np.bool_]:
    given: NDArray[np.bool_] = each.named if isinstance(each, Detections) else each.correction_kinds != ""
    return given


def _known_by(image: StoredImage) -> tuple[str, str]:
    return str(image.said.get("path", "")), str(image.said.get("frame", ""))


@contextmanager
def _open(image: StoredImage, stored: StoredSmear | StoredAssay, opened: Opened) -> Iterator[Slide]:
    """Open an image as the run looked at it."""
    channel = stored.run.get("recipe", {}).get("channel")
    of, frame = _known_by(image)
    # A file at hand may be called as a layer is that is no file.
    no_file = image.path is None or ((of, frame) in opened and not Path(of).is_absolute())
    found = opened[of, frame]() if no_file else open_image(str(image.path), frame=frame)
    with found as slide:
        yield choose_colours(slide, channel) if isinstance(stored, StoredSmear) else choose_channel(slide, channel)


def _cut(slide: Slide, centre: NDArray[np.float64], span: float) -> bytes:
    """Return the square around a point as a JPEG; what lies outside the image is white."""
    level = slide.best_level(_SIDE / span)
    factor = slide.downsamples[level]
    side = max(1, round(span / factor))
    y0, x0 = (round(middle / factor - side / 2) for middle in centre)
    height, width = slide.levels[level].shape[:2]
    top, left, bottom, right = max(0, y0), max(0, x0), min(height, y0 + side), min(width, x0 + side)
    canvas = np.full((side, side, 3), 255, dtype=np.uint8)
    if bottom > top and right > left:
        canvas[top - y0 : bottom - y0, left - x0 : right - x0] = slide.read(top, left, bottom, right, level=level)
    file = io.BytesIO()
    Image.fromarray(canvas).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
