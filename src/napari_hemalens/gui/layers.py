"""Records become napari layers, and layers become records again. No Qt, no torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Literal, TypeAlias

import numpy as np
from napari.layers import Image, Layer, Shapes
from numpy.typing import ArrayLike, NDArray

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.gui.axes import axes_of, frame_of, guess_in_words
from napari_hemalens.gui.box_labels import label_style, short_names_of
from napari_hemalens.gui.box_shapes import (
    EDGE,
    SURE_POINT,
    boxes_of,
    line_width,
    outlines,
    point_size,
    point_symbols,
    points,
    sides,
)
from napari_hemalens.gui.channels import names_of_channels
from napari_hemalens.gui.image_names import image_name
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import UNSURE_FROM, Naming
from napari_hemalens.records.palette import colour_of
from napari_hemalens.workflows.images import Frame, Region, Slide, from_array

LayerData: TypeAlias = tuple[Any, dict[str, Any], str]
"""What `Layer.create` and napari's readers take: data, attributes, kind of layer."""

Where: TypeAlias = Literal["whole", "visible"] | Shapes
"""The whole image, what the camera sees of it, or the rectangles of a layer."""

BOXES_AT_MOST = 20_000
"""Beyond this, napari's Shapes become too slow to work with, and cells are shown as points."""

MARK = "hemalens"
"""Key in a layer's metadata under which the result without its cells is kept."""

OUTLINED = "hemalens outlined"
"""The same for labels that outline cells of one frame of an image: which image, and which frame."""

SMALL = "hemalens small"
"""The same for points that stand beside the boxes of another layer: red cells and platelets."""


def as_layers(detections: Detections, *, like: Layer | None = None) -> list[LayerData]:
    """Return the cells as napari layers.

    One Shapes layer coloured by class, or one Points layer beyond 20,000 cells. To show it:

        for layer in as_layers(detections):
            viewer.add_layer(Layer.create(*layer))

    Parameters
    ----------
    detections : Detections
        The cells of one image.
    like : Layer, optional
        The layer of the image: its scale, translation and units are copied. Without it, a known pixel size
        becomes the scale.
    """
    size = detections.provenance.pixel_size_um
    placement = {} if size is None else {"scale": (size, size), "units": ("um", "um")}
    if like is not None:
        placement = placement_of(like)
    return [cell_layer(detections, placement, many=len(detections) > BOXES_AT_MOST)]


def cell_layer(detections: Detections, placement: Mapping[str, Any], *, many: bool) -> LayerData:
    """Return the cells as points where they are `many`, else as boxes.

    `placement` are the attributes that put the layer over the image, as `placement_of` returns them.
    """
    attributes: dict[str, Any] = {
        "name": f"{PurePath(detections.provenance.title or 'image').name} cells",
        "ndim": 2,
        "features": features(detections, np.arange(len(detections))),
        "metadata": {MARK: detections.take(np.zeros(0, dtype=np.int64))},
        **placement,
    }
    colours: Any = colours_of(detections) if len(detections) else "white"
    if many:
        attributes["features"] |= sides(detections.boxes)
        attributes |= {"face_color": colours, "border_width": 0, "size": point_size(detections.boxes)}
        attributes["symbol"] = point_symbols(detections) if len(detections) else SURE_POINT
        return points(detections.boxes), attributes, "points"
    attributes |= {"edge_color": colours, "face_color": "transparent", "opacity": 1.0}
    shapes, kinds = outlines(detections.boxes, detections.unsure)
    attributes |= {"edge_width": line_width(detections.boxes), "shape_type": kinds, "text": label_style()}
    return shapes, attributes, "shapes"


def detections_from_layer(layer: Layer) -> Detections:
    """Return the cells that a layer of `as_layers` shows, with every edit made in napari.

    Raises
    ------
    AnnotationError
        If the layer was not made by HemaLens.
    """
    header = layer.metadata.get(MARK)
    if header is None or "class" not in layer.features:
        raise AnnotationError(f"Layer {layer.name!r} holds no cells; a layer of as_layers() does.")
    labels = layer.features["class"].to_numpy(dtype=object)
    names = tuple(dict.fromkeys((*header.names, *map(str, labels))))
    index = {name: number for number, name in enumerate(names)}
    classes = np.array([index[str(label)] for label in labels], dtype=np.int64)
    return Detections.from_arrays(
        boxes_of(layer),
        layer.features["score"].to_numpy(dtype=np.float32),
        classes,
        names=names,
        image_shape=header.image_shape,
        recognised=header.recognised,
        provenance=header.provenance,
        naming=None if header.naming is None else _naming_of(layer, names, classes),
    )


def _naming_of(layer: Layer, names: Sequence[str], classes: NDArray[np.int64]) -> Naming:
    """Return what the features of a layer tell of how its cells were named."""
    certainty = layer.features["certainty"].to_numpy(dtype=np.float32)
    novelty = np.where(layer.features["unsure"].to_numpy(dtype=bool), np.float32(UNSURE_FROM), np.float32(np.nan))
    return Naming.from_certainty(names, classes, certainty, novelty)


def features(detections: Detections, numbers: ArrayLike) -> dict[str, NDArray[Any]]:
    """Return the table that goes with the boxes; cells are numbered from 1, since 0 is a box not yet counted."""
    y, x = detections.centres.T
    return {
        "cell": np.asarray(numbers, dtype=np.int64) + 1,
        "class": detections.class_names.astype(object),
        "score": detections.scores,
        "certainty": detections.certainty,
        "unsure": detections.unsure,
        "area": detections.areas,
        "y": y,
        "x": x,
        "short": short_names_of(detections),
    }


def rgba(names: Sequence[str] | NDArray[Any]) -> NDArray[np.float32]:
    """Return the colour of each class, opaque, in 0-1: shape (N, 4)."""
    known = {name: (*bytes.fromhex(colour_of(str(name))[1:]), 255) for name in {*names}}
    rows = [known[name] for name in names]
    return np.array(rows, dtype=np.float32).reshape(-1, 4) / np.float32(255)


def colours_of(cells: Detections) -> NDArray[np.float32]:
    """Return the colour of the class of each cell, opaque, in 0-1: shape (N, 4)."""
    return rgba(cells.names)[cells.classes]


def placement_of(layer: Layer) -> dict[str, Any]:
    """Return the attributes that put a flat layer where the last two axes of `layer` are."""
    shear = np.asarray(layer.shear)  # of the axes that are sheared along others, or a matrix
    return {
        "scale": layer.scale[-2:],
        "translate": layer.translate[-2:],
        "units": layer.units[-2:],
        "axis_labels": layer.axis_labels[-2:],
        "rotate": layer.rotate[-2:, -2:],
        "shear": shear[-1:] if shear.ndim == 1 else shear[-2:, -2:],
        "affine": layer.affine.affine_matrix[-3:, -3:],
    }


def pixel_size_um(layer: Layer) -> float | None:
    """Return the micrometres a pixel, or None where the units of the layer are no lengths.

    Of a mirrored layer they are those of the image as it is stored; of pixels that are no squares, the side of a square
    as large as one, as for a file.
    """
    sizes = []
    for step, unit in zip(layer.scale[-2:], layer.units[-2:], strict=True):
        if not unit.is_compatible_with("micrometer"):
            return None
        sizes.append(float((abs(float(step)) * unit).to("micrometer").magnitude))
    return float(np.sqrt(sizes[0] * sizes[1]))


def holds_pixels(layer: Layer) -> bool:
    """Return whether a layer is an image to be analysed, and not one of ours, as heatmaps are."""
    return isinstance(layer, Image) and MARK not in layer.metadata


def slide_opener(layer: Image, frame: Frame = (), *, sized: bool = True) -> Callable[[], Slide]:
    """Return a function that makes the slide of a layer, with the pixel size of the layer where `sized`.

    What the layer says is read at once, its pixels only later: the function may run in another thread.
    """
    return partial(
        _open_layer,
        guess_in_words(layer),
        list(layer.data) if layer.multiscale else layer.data,
        name=image_name(layer),
        axes=axes_of(layer),
        pixel_size_um=pixel_size_um(layer) if sized else None,
        frame=frame,
        channels=names_of_channels(layer),
    )


def _open_layer(guessed: str, data: Any, **said: Any) -> Slide:
    return replace(from_array(data, **said), guessed=guessed)


def slide_from_layer(layer: Image, point: Sequence[float] = ()) -> Slide:
    """Return the image of a layer as a slide: the frame at the viewer's `dims.point`, where it has several."""
    return slide_opener(layer, frame_of(layer, point))()


def image_layer(slide: Slide) -> LayerData:
    """Return a slide as an image layer; what is not stored as (y, x, colour) is read as a whole."""
    levels = [level.source if level.axes in {"YX", "YXC", "YXS"} else level[:, :] for level in slide.levels]
    attributes: dict[str, Any] = {
        "name": PurePath(slide.name).name,
        "rgb": slide.levels[0].shape[2] in {3, 4},
        "multiscale": len(levels) > 1,
    }
    if slide.pixel_size_um is not None:
        attributes |= {"scale": (slide.pixel_size_um,) * 2, "units": ("um", "um")}
    return levels if len(levels) > 1 else levels[0], attributes, "image"


def regions_of(source: Image | Path, where: Where) -> tuple[Region, ...]:
    """Return the regions of an image that a person means; none means everywhere.

    Raises
    ------
    ImageError
        If the region is not inside the image, or the image is not in the viewer.
    """
    if where == "whole":
        return ()
    if isinstance(source, Path):
        raise ImageError("The images of a folder are analysed whole: choose the region 'Whole image'.")
    return (visible_region(source),) if where == "visible" else marked_regions(where, source)


def visible_region(layer: Image) -> Region:
    """Return the part of an image that the camera sees.

    Raises
    ------
    ImageError
        If none of it is in view.
    """
    factor = layer.downsample_factors[layer.data_level][-2:]
    near, far = layer.corner_pixels[:, -2:]
    return _region(layer, near * factor, (far + 1) * factor)


def marked_regions(shapes: Shapes, layer: Image) -> tuple[Region, ...]:
    """Return the rectangle around each shape, in pixels of the image.

    Raises
    ------
    ImageError
        If there is no shape, or one lies outside of the image.
    """
    if shapes.nshapes == 0:
        raise ImageError(f"Layer {shapes.name!r} is empty: draw a rectangle around each region.")
    frame = (0,) * (layer.ndim - 2)
    regions = []
    for shape in shapes.data:
        world = (tuple(shapes.data_to_world(corner))[-2:] for corner in shape)
        inside = np.array([layer.world_to_data((*frame, *yx))[-2:] for yx in world]) + EDGE
        regions.append(_region(layer, inside.min(axis=0), inside.max(axis=0)))
    return tuple(regions)


def _region(layer: Image, near: NDArray[Any], far: NDArray[Any]) -> Region:
    height, width = (int(side) for side in layer.level_shapes[0][-2:])
    y0, x0 = (max(0, int(v)) for v in np.floor(near))
    y1, x1 = (min(int(v), side) for v, side in zip(np.ceil(far), (height, width), strict=True))
    if y1 <= y0 or x1 <= x0:
        raise ImageError(f"The region lies outside of {layer.name!r}, which has {height} x {width} pixels.")
    return y0, x0, y1, x1
