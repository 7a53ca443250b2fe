"""What napari calls to save layers in a format of annotations: boxes with their classes, or labels as their boxes."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import napari
import numpy as np
from napari.layers import Image, Labels, Layer, Points, Shapes
from skimage.measure import regionprops_table

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.image_names import image_name
from napari_hemalens.gui.layers import MARK, SMALL, LayerData, detections_from_layer, holds_pixels, pixel_size_um
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE
from napari_hemalens.workflows.annotations import FORMATS

Writer = Callable[[str, list[LayerData]], list[str]]

_CLASS = ("class", "label", "name", "type")
"""Features that say the class of a shape or a label, the first that there is."""

_KEPT = (
    *("name", "scale", "translate", "units", "axis_labels", "metadata", "features"),
    *("ndim", "rgb", "multiscale", "shape_type"),
)


def write_layers(path: str, layers: Sequence[LayerData], form: str) -> list[str]:
    """Write every layer of cells as one image's annotations; image layers among them say which image that is.

    A format that has a file for each image is written as that file where one layer is saved, else as a folder of the
    name. YOLO is always a folder, for which its `data.yaml` stands.

    Raises
    ------
    AnnotationError
        If it is not known which image the shapes are of, or how large it is; if a file is there under a name that
        napari has not asked about, since it gets a suffix.
    """
    created = [_created(data) for data in layers]
    viewer = napari.current_viewer()
    there = [*created, *([] if viewer is None else viewer.layers)]
    images = [layer for layer in there if holds_pixels(layer)]
    fields = fields_of([layer for layer in created if not isinstance(layer, Image)], images)
    target, known = Path(path), FORMATS[form]
    if not known.one_file_per_image:
        target = _suffixed(target, PurePath(known.target).suffix)
        known.write(fields, target)
        return [str(target)]
    folder = target.with_suffix("")
    if folder.is_dir() and any(folder.iterdir()) and (form == "yolo" or len(fields) > 1):
        raise AnnotationError(f"The folder {folder} is there already: choose another name.")
    if form == "yolo" or len(fields) > 1:
        known.write(fields, folder)
        return [str(folder / "data.yaml" if form == "yolo" else folder)]
    with TemporaryDirectory(dir=target.parent) as made:
        known.write(fields, Path(made))
        (file,) = (each for each in Path(made).rglob("*") if each.is_file())
        target = _suffixed(target, file.suffix)
        file.replace(target)
    return [str(target)]


def write_coco(path: str, layers: list[LayerData]) -> list[str]:
    """Write COCO's JSON."""
    return write_layers(path, layers, "coco")


def write_voc(path: str, layers: list[LayerData]) -> list[str]:
    """Write Pascal VOC's XML."""
    return write_layers(path, layers, "voc")


def write_yolo(path: str, layers: list[LayerData]) -> list[str]:
    """Write YOLO's folder of labels with its data.yaml."""
    return write_layers(path, layers, "yolo")


def write_via(path: str, layers: list[LayerData]) -> list[str]:
    """Write VIA's JSON."""
    return write_layers(path, layers, "via")


def write_geojson(path: str, layers: list[LayerData]) -> list[str]:
    """Write GeoJSON for QuPath."""
    return write_layers(path, layers, "geojson")


def write_csv(path: str, layers: list[LayerData]) -> list[str]:
    """Write a table of cells."""
    return write_layers(path, layers, "csv")


def fields_of(layers: Sequence[Layer], images: Sequence[Image]) -> list[Detections]:
    """Return what each layer shows as cells of an image; points that stand beside boxes are of the same image."""
    fields: list[Detections] = []
    of_image: dict[str, int] = {}
    for layer in sorted(layers, key=lambda layer: SMALL in layer.metadata):
        found = cells_of(layer, images)
        key = f"{found.provenance.image} {found.provenance.frame}"
        if SMALL in layer.metadata and key in of_image:
            fields[of_image[key]] = _together(fields[of_image[key]], found)
        else:
            of_image.setdefault(key, len(fields))
            fields.append(found)
    return fields


def cells_of(layer: Layer, images: Sequence[Image]) -> Detections:
    """Return what a layer shows as cells of an image, of those that are there.

    Raises
    ------
    AnnotationError
        If it is not known which image they are of, or the layer holds no boxes.
    """
    if MARK in layer.metadata and isinstance(layer, (Shapes, Points)):
        return detections_from_layer(layer)
    image = _under(layer, images)
    size = pixel_size_um(layer)
    name = layer.name if image is None else image_name(image)
    origin = Provenance(name, size, "unknown" if size is None else "image")
    if isinstance(layer, Labels):
        boxes, classes = _of_labels(layer)
        return _record(boxes, classes, (int(layer.data.shape[-2]), int(layer.data.shape[-1])), origin)
    if not isinstance(layer, Shapes):
        raise AnnotationError(f"Layer {layer.name!r} has points without a width: only boxes and labels can be saved.")
    if image is None:
        raise AnnotationError(f"Layer {layer.name!r} does not say which image it is of: save it together with it.")
    shape = image.level_shapes[0][-2:]
    return _record(boxes_of(layer), _classes(layer, layer.nshapes), (int(shape[0]), int(shape[1])), origin)


def _suffixed(target: Path, suffix: str) -> Path:
    if target.suffix:
        return target
    if (named := target.with_suffix(suffix)).exists():
        raise AnnotationError(f"{named} is there already: give its whole name to replace it, or choose another.")
    return named


def _created(data: LayerData) -> Layer:
    """Return the layer that napari took apart, without its looks: napari cannot make labels of boxes anew."""
    pixels, attributes, kind = data
    kept = {key: value for key, value in attributes.items() if key in _KEPT}
    return Layer.create(pixels, kept, kind)


def _record(boxes: object, classes: Sequence[str], shape: tuple[int, int], origin: Provenance) -> Detections:
    names = tuple(dict.fromkeys(classes))
    index = [names.index(name) for name in classes]
    return Detections.from_arrays(
        boxes,  # type: ignore[arg-type]
        np.ones(len(index)),
        index,
        names=names,
        image_shape=shape,
        recognised=names,
        provenance=origin,
    )


def _together(one: Detections, other: Detections) -> Detections:
    """Return the cells of two layers of one image as one result."""
    names = tuple(dict.fromkeys((*one.names, *other.names)))
    classes = np.array([names.index(name) for name in (*one.class_names, *other.class_names)], dtype=np.int64)
    certainty = np.concatenate([one.certainty, other.certainty])
    novelty = np.concatenate([one.novelty, other.novelty])
    return Detections.from_arrays(
        np.concatenate([one.boxes, other.boxes]),
        np.concatenate([one.scores, other.scores]),
        classes,
        names=names,
        image_shape=one.image_shape,
        recognised=one.recognised,
        provenance=one.provenance,
        naming=None if one.naming is None else Naming.from_certainty(names, classes, certainty, novelty),
    )


def _of_labels(layer: Labels) -> tuple[object, list[str]]:
    data = np.asarray(layer.data[0] if layer.multiscale else layer.data).squeeze()
    if data.ndim != 2:
        raise AnnotationError(f"Layer {layer.name!r} has several frames: save one of them at a time.")
    found = regionprops_table(data, properties=("label", "bbox"))
    boxes = np.stack([found[f"bbox-{i}"] for i in range(4)], axis=1)
    column = next((name for name in _CLASS if name in layer.features), None)
    if column is None or "index" not in layer.features:
        return boxes, [UNCLASSIFIABLE] * len(boxes)
    said = dict(zip(layer.features["index"].astype(int), layer.features[column].astype(str), strict=True))
    return boxes, [said.get(int(number), UNCLASSIFIABLE) for number in found["label"]]


def _classes(layer: Layer, count: int) -> list[str]:
    column = next((name for name in _CLASS if name in layer.features), None)
    return [UNCLASSIFIABLE] * count if column is None else [str(name) for name in layer.features[column]]


def _under(layer: Layer, images: Sequence[Image]) -> Image | None:
    """Return the image that a layer lies on: the one of its scale, if there is only one."""
    same = [i for i in images if np.allclose(i.scale[-2:], layer.scale[-2:])]
    by_name = {image.name: image for image in same}  # one that is saved, too, is the viewer's, which knows its file
    return next(iter(by_name.values())) if len(by_name) == 1 else None
