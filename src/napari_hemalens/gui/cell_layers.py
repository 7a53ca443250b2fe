"""Layers that hold cells, and whether they lie on an image: what is classified and explained. No Qt, no torch."""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, TypeAlias

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.axes import frame_of, frame_title, indices_on_screen
from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.image_names import image_name
from napari_hemalens.gui.layers import MARK, OUTLINED, SMALL, placement_of
from napari_hemalens.gui.uncovering import are_same, image_under
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.workflows.images import Frame
from napari_hemalens.workflows.labels import ellipses

CellsOf: TypeAlias = Callable[[tuple[int, int]], NDArray[Any]]
"""Makes the labels of an image of that height and width; run in the worker."""


def plane_of(layer: Layer, point: Sequence[float]) -> tuple[int, ...]:
    """Return which plane of labels is on screen (`indices_on_screen`); boxes have one only."""
    return indices_on_screen(layer, point) if isinstance(layer, Labels) else ()


def cells_in(layer: Layer, plane: tuple[int, ...]) -> CellsOf:
    """Return what reads the cells of a layer: of Labels the plane, of HemaLens' boxes an ellipse in each.

    What the layer says is read at once, its pixels only later: the function may run in another thread.

    Raises
    ------
    AnnotationError
        If labels have no such plane: they end before the slider does.
    """
    if isinstance(layer, Labels):
        finest = layer.data[0] if layer.multiscale else layer.data
        if not all(0 <= index < side for index, side in zip(plane, finest.shape, strict=False)):
            raise AnnotationError(f"Nothing of {layer.name!r} is on screen: move the sliders to where it has cells.")
        return lambda _: np.array(finest[plane])  # a copy: a person may go on painting
    nucleated = np.array([cell_class(str(name)).nucleated for name in layer.features["class"]], dtype=bool)
    numbers = layer.features["cell"].to_numpy(dtype=np.int64)
    if len({*numbers.tolist()}) < len(numbers) or 0 in numbers:
        numbers = np.arange(len(numbers)) + 1
    boxes = boxes_of(layer)[nucleated]
    return lambda shape: ellipses(boxes, numbers[nucleated], shape)


def holds_cells(layer: Layer) -> bool:
    """Return whether the cells of a layer can be classified: labels of any origin but ours, and detected cells.

    Red cells and platelets that stand beside them have no class to be asked for.
    """
    if SMALL in layer.metadata:
        return False
    return isinstance(layer, Labels) != (MARK in layer.metadata) and isinstance(layer, (Labels, Shapes, Points))


def outlines_layer(labels: NDArray[Any], image: Image, frame: Frame) -> Labels:
    """Return labels that outline the cells of an image, or of one frame of it, as a layer that says of which."""
    title = frame_title(image, frame)
    name = f"{image.name} [{title}] outlines" if frame else f"{image.name} outlines"
    of = {"image": image_name(image), "frame": title}
    return Labels(labels, name=name, metadata={OUTLINED: of}, **placement_of(image))


def check_frame(image: Image, cells: Layer, frame: Frame) -> None:
    """Refuse cells that were found in another frame of an image.

    Raises
    ------
    AnnotationError
        If they were.
    """
    found_in, asked = _found_in(cells)[1], frame_title(image, frame)
    if found_in and asked and found_in != asked:
        raise AnnotationError(
            f"The cells of {cells.name!r} were found in frame {found_in} and not in {asked}: go to their frame, or "
            "choose other cells."
        )


def cells_on_screen(viewer: ViewerModel, image: Image | None, cells: Layer | None) -> Layer | None:
    """Return the cells that take the place of some when the sliders move: those of the frame that is on screen now.

    Cells that are of no frame, or that none of the same kind replaces, stay.
    """
    if image is None or cells is None:
        return cells
    (of, found_in), asked = _found_in(cells), frame_title(image, frame_of(image, viewer.dims.point))
    if not found_in or found_in == asked:
        return cells
    there = (each for each in viewer.layers if type(each) is type(cells) and holds_cells(each))
    return next((each for each in there if _found_in(each) == (of, asked)), cells)


def cells_of_image(viewer: ViewerModel, image: Image | None, cells: Layer | None) -> Layer | None:
    """Return the cells that take the place of some when another image is chosen: those that were found in it.

    One that is seen comes before hidden ones; of several, the last one that was made. Cells of which it is not known
    where they were found stay, and take the place of another image's where none were found in this one.
    """
    if image is None or cells is None or not _is_known(cells) or are_of_image(cells, image):
        return cells
    there = [each for each in viewer.layers if holds_cells(each)]
    found = [each for each in there if are_of_image(each, image)] or [each for each in there if not _is_known(each)]
    return next(reversed([*found, *(each for each in found if each.visible)]), cells)


def are_of_image(cells: Layer, image: Image) -> bool:
    """Return whether it is known that cells were found in an image."""
    of = image_under(cells)
    return are_same(of, image) if of is not None else _found_in(cells)[0] == image_name(image)


def may_be_of_image(cells: Layer, image: Image | None) -> bool:
    """Return whether cells may have been found in an image: they were, or nobody knows where."""
    return image is None or not _is_known(cells) or are_of_image(cells, image)


def of_another_image(cells: Layer | None, image: Image | None) -> str:
    """Return a sentence where cells were found in another image, over which they need not lie; else ''."""
    if cells is None or may_be_of_image(cells, image):
        return ""
    of = image_under(cells)
    name = PurePath(_found_in(cells)[0]).name if of is None else of.name
    return f"The cells of {cells.name!r} were found in another image, {name}: see that they lie on this one."


def _is_known(cells: Layer) -> bool:
    return image_under(cells) is not None or bool(_found_in(cells)[0])


def _found_in(cells: Layer) -> tuple[str, str]:
    """Return the image and the frame that cells were found in, as far as the layer says it."""
    header, outlined = cells.metadata.get(MARK), cells.metadata.get(OUTLINED, {})
    if isinstance(header, Detections):
        return header.provenance.image, header.provenance.frame
    return str(outlined.get("image", "")), str(outlined.get("frame", ""))


def check_lie_together(image: Image, cells: Layer, frame: Frame) -> None:
    """Refuse cells that do not lie on a frame of an image.

    Raises
    ------
    AnnotationError
        As `check_frame` and `common_placement`.
    """
    check_frame(image, cells, frame)
    common_placement(image, cells)


def common_placement(image: Image, cells: Layer) -> dict[str, Any]:
    """Return what puts a layer over an image and its cells.

    Cells without a scale of their own lie on the pixels of the image, and the other way round: label images often come
    from files that do not say it.

    Raises
    ------
    AnnotationError
        If the two lie on each other in no such way.
    """
    ours, theirs = _place(image), _place(cells)
    if theirs == _NOWHERE or np.allclose(ours, theirs):
        return placement_of(image)
    if ours == _NOWHERE:
        return placement_of(cells)
    raise AnnotationError(
        f"Layers {image.name!r} and {cells.name!r} do not lie on each other: pixels of {_said(image)} and "
        f"{_said(cells)}. Give both the same scale and translate."
    )


def place_now(image: Image, cells: Layer | None) -> dict[str, Any]:
    """Return what puts a layer over an image and its cells as they lie now: a person may have moved them meanwhile.

    Where they no longer lie on each other, as where there are no cells, it is the image that counts.
    """
    try:
        return placement_of(image) if cells is None else common_placement(image, cells)
    except AnnotationError:
        return placement_of(image)


_NOWHERE = (1.0, 1.0, 0.0, 0.0)


def _place(layer: Layer) -> tuple[float, ...]:
    """Return scale and translation, in micrometres where they are lengths."""
    sizes = [_micrometres(step, unit) for step, unit in zip(layer.scale[-2:], layer.units[-2:], strict=True)]
    starts = [_micrometres(step, unit) for step, unit in zip(layer.translate[-2:], layer.units[-2:], strict=True)]
    return (*sizes, *starts)


def _micrometres(value: float, unit: Any) -> float:
    if not unit.is_compatible_with("micrometer"):
        return float(value)
    return float((float(value) * unit).to("micrometer").magnitude)


def _said(layer: Layer) -> str:
    y, x, top, left = _place(layer)
    return f"{y:.4g} x {x:.4g} from {top:.4g}, {left:.4g}"
