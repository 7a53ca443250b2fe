"""What napari calls with a file that was dropped or opened, and that may be of HemaLens: images, and annotations.

A reader is asked where the pattern of its manifest fits; where several plugins read such files, napari asks which.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

import napari
from napari.layers import Image
from napari.utils.notifications import show_warning

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.files.images import image_layers
from napari_hemalens.gui.files.zarr_cells import cell_layers
from napari_hemalens.gui.image_names import image_name
from napari_hemalens.gui.layers import LayerData, as_layers, holds_pixels
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows.annotations import called, holds_annotations, join_parts, read_annotations
from napari_hemalens.workflows.images import is_image

FIELDS_AT_MOST = 10
"""Annotated images of which all are shown where none of them is open: more layers would be of no use."""

Reader = Callable[[str], list[LayerData]]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return what reads a file or folder, an image or annotations; None where it is neither, or several at once."""
    if isinstance(path, list):
        return None
    return _image_and_cells if is_image(path) else annotation_layers if holds_annotations(path) else None


def _image_and_cells(path: str) -> list[LayerData]:
    return [*image_layers(path), *cell_layers(path)]


def annotation_layers(path: str) -> list[LayerData]:
    """Return annotated cells as Detect shows them: a layer an image, over the image where that is open.

    Raises
    ------
    AnnotationError
        If the file does not follow its format, or holds many images of which none is open.
    """
    viewer = napari.current_viewer()
    images = [] if viewer is None else [layer for layer in viewer.layers if holds_pixels(layer)]
    fields = join_parts(read_annotations(path))
    shown = _chosen(fields, images, PurePath(path).name)
    for note in dict.fromkeys(note for field, _ in shown for note in field.provenance.notes):
        show_warning(f"{PurePath(path).name}: {note}")
    return [layer for field, image in shown for layer in _over(field, image)]


def _chosen(fields: Sequence[Detections], images: Sequence[Image], file: str) -> list[tuple[Detections, Image | None]]:
    """Return the fields to show, each with its image if that is open: those that are, else all if they are few."""
    named = [(field, _image_of(field, images)) for field in fields]
    there = [pair for pair in named if pair[1] is not None]
    if there:
        return there
    if len(fields) == 1 and len(images) == 1 and _fits(fields[0], images[0]):
        return [(fields[0], images[0])]
    if len(fields) > FIELDS_AT_MOST:
        listed = ", ".join(PurePath(f.provenance.image).name for f in fields[:3])
        raise AnnotationError(
            f"{file} holds the cells of {len(fields)} images, and none of them is open: open one first ({listed}, …)."
        )
    return list(named)


def _image_of(field: Detections, images: Sequence[Image]) -> Image | None:
    wanted = called(field.provenance.image)
    for image in images:
        if wanted & (called(image.name) | called(image_name(image))) and _fits(field, image):
            return image
    return None


def _fits(field: Detections, image: Image) -> bool:
    """Return whether all cells lie in an image."""
    height, width = _size(image)
    high, wide = field.boxes[:, 2:].max(axis=0, initial=0)
    return bool(high <= height + 1 and wide <= width + 1)


def _size(image: Image) -> tuple[int, int]:
    height, width = image.level_shapes[0][-2:]
    return int(height), int(width)


def _over(field: Detections, image: Image | None) -> list[LayerData]:
    if image is None:
        return as_layers(field)
    origin = replace(field.provenance, image=image_name(image))
    return as_layers(replace(field, image_shape=_size(image), provenance=origin), like=image)
