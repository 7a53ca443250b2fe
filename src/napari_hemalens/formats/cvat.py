"""CVAT for images 1.1: one XML file with all images of a task or project, read only.

https://docs.cvat.ai/docs/manual/advanced/formats/format-cvat/. Every shape gives the box around it; points, skeletons
and tags of whole images give none. CVAT shows images as their EXIF orientation says.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import split_names
from napari_hemalens.formats.draft import Box, Draft, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.shapes import bounds, ellipse_box, turned_box
from napari_hemalens.formats.voc import xml_root
from napari_hemalens.records.detections import Detections

_ROOT = "annotations"
_LEFT_OUT = {
    "points": "a point",
    "skeleton": "a skeleton",
    "cuboid": "a cuboid",
    "tag": "a tag of the whole image",
}


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find CVAT's XML there, and images of the split in it."""
    return any(_is_of(image, split) for file in _files(path) for image in xml_root(file).iter("image"))


def read(path: Path, *, split: str | None = None, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record per image of all files.

    Parameters
    ----------
    path : Path
        The file, or a folder with it, such as an unpacked export. Images are searched beside it and in `images/`.
    split : str, optional
        Reads the images of this subset.
    names : sequence of str, optional
        The classes; by default those found, sorted.

    Raises
    ------
    AnnotationError
        If the file holds no images, as one of CVAT for video.
    """
    drafts: list[Draft] = []
    for file in _files(path) or [path]:
        root = xml_root(file)
        if root.tag != _ROOT or (root.find("image") is None and root.find("track") is not None):
            raise AnnotationError(f"{file} lists no images: export the task as 'CVAT for images 1.1'.")
        folders = folders_near(file)
        drafts += [_draft(file, image, folders) for image in root.iter("image") if _is_of(image, split)]
    return finish_drafts(drafts, names)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in sorted(path.glob("*.xml")) if _is_cvat(file)]
    return [path] if path.suffix.lower() == ".xml" and _is_cvat(path) else []


def _is_cvat(file: Path) -> bool:
    try:
        return xml_root(file).tag == _ROOT
    except AnnotationError:  # damaged, or of VOC, which says so
        return False


def _is_of(image: ET.Element, split: str | None) -> bool:
    return split is None or image.get("subset", "").casefold() in split_names(split)


def _draft(file: Path, image: ET.Element, folders: Sequence[Path]) -> Draft:
    where = locate_image(image.get("name", ""), folders)
    stated = size(image.get("height"), image.get("width"))
    draft = Draft(file, where, stated or known_size(where))
    for shape in image:
        read_shape = _SHAPES.get(shape.tag)
        if read_shape is None:
            draft.leave_out(_LEFT_OUT.get(shape.tag, f"a shape of the kind {shape.tag}"))
            continue
        draft.add(read_shape(shape), shape.get("label", ""), _score(shape))
    return draft


def _score(shape: ET.Element) -> float:
    """Return the attribute 'score' or 'confidence' that automatic annotation leaves, else 1."""
    found = {each.get("name", "").casefold(): each.text for each in shape.iter("attribute")}
    return number(found.get("score", found.get("confidence")), 1.0)


def _numbers(shape: ET.Element, *names: str) -> list[float]:
    return [number(shape.get(name)) for name in names]


def _box(shape: ET.Element) -> Box:
    x0, y0, x1, y1 = _numbers(shape, "xtl", "ytl", "xbr", "ybr")
    return turned_box((y0, x0, y1, x1), number(shape.get("rotation"), 0.0))


def _ellipse(shape: ET.Element) -> Box:
    x, y, rx, ry = _numbers(shape, "cx", "cy", "rx", "ry")
    return ellipse_box((x, y), (rx, ry), number(shape.get("rotation"), 0.0))


def _outline(shape: ET.Element) -> Box:
    pairs = (point.split(",") for point in shape.get("points", "").split(";") if point.strip())
    return bounds((number(pair[0]), number(pair[-1])) for pair in pairs)


def _mask(shape: ET.Element) -> Box:
    left, top, width, height = _numbers(shape, "left", "top", "width", "height")
    return top, left, top + height, left + width


_SHAPES: Mapping[str, Callable[[ET.Element], Box]] = {
    "box": _box,
    "ellipse": _ellipse,
    "polygon": _outline,
    "polyline": _outline,
    "mask": _mask,
}
