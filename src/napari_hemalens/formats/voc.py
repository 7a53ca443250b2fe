"""Pascal VOC: one XML file per image, as written by labelImg, CVAT and BCCD.

The VOC development kit counts pixels from 1 and includes the last one, but hardly any file follows
it: labelImg, the source of most VOC files (also BCCD), stores the corners as drawn, as whole numbers
with 0 raised to 1. So xmin and xmax are read and written as edges, the far one excluded, with
decimals if needed: files written here are read back unchanged, and those of the development kit are
off by one pixel at the near edges.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.draft import Draft, finish_drafts, floats
from napari_hemalens.formats.images import known_size, locate_image
from napari_hemalens.formats.writing import one_file_each, rounded_cells
from napari_hemalens.records.detections import Detections

_CORNERS = ("ymin", "xmin", "ymax", "xmax")


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find VOC files there."""
    if split is not None:
        return _split_file(path, split).is_file()
    return path.suffix == ".xml" or any(path.rglob("*.xml"))


def read(path: Path, *, split: str | None = None, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record per file; objects marked `difficult` are cells too.

    Parameters
    ----------
    path : Path
        One XML file, a folder of them, searched recursively, or the root of a data set with
        `Annotations/`.
    split : str, optional
        In the root of a data set: reads the images listed in `ImageSets/Main/<split>.txt`.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    drafts = [_draft(file) for file in _files(path, split)]
    if not drafts:
        raise AnnotationError(f"{path} contains no XML file of annotations.")
    return finish_drafts(drafts, names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write one XML file per image into the folder `path`; every object carries its `score`."""
    for stem, name, detections in one_file_each(fields):
        tree = ET.ElementTree(_element(name, detections))
        ET.indent(tree)
        with writing(path / f"{stem}.xml") as temporary:
            tree.write(temporary, encoding="utf-8", xml_declaration=True)


def _split_file(root: Path, split: str) -> Path:
    return root / "ImageSets" / "Main" / f"{split}.txt"


def _files(path: Path, split: str | None) -> list[Path]:
    if path.is_file():
        return [path]
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    if split is None:
        return sorted(folder.rglob("*.xml"))
    listing = _split_file(path, split)
    if not listing.is_file():
        known = ", ".join(sorted(file.stem for file in listing.parent.glob("*.txt"))) or "none"
        raise AnnotationError(f"No split {split!r} in {listing.parent}. Known: {known}.")
    lines = listing.read_text(encoding="utf-8").splitlines()
    return [folder / f"{line.strip()}.xml" for line in lines if line.strip()]


def _draft(file: Path) -> Draft:
    try:
        root = ET.parse(file).getroot()  # noqa: S314 -- expat itself limits entities since 2.4.1
    except OSError as error:
        raise AnnotationError(f"Cannot read {file}: {error.strerror}.") from error
    except ET.ParseError as error:
        raise AnnotationError(f"{file} is not XML: {error}.") from error
    if root.tag != "annotation":
        raise AnnotationError(f"{file} is not a VOC file: its root is <{root.tag}>, not <annotation>.")
    name = root.findtext("filename") or file.stem
    folders = (file.parent, *(file.parent.parent / f for f in ("JPEGImages", "images")))
    image = locate_image(name, folders)
    sides = (root.findtext(f"size/{side}", "0") for side in ("height", "width"))
    height, width = floats(sides, f"{file}: a side")
    # Some tools leave the size 0.
    draft = Draft(file, image, (int(height), int(width)) if height and width else known_size(image))
    for thing in root.iter("object"):
        texts = [thing.findtext(f"bndbox/{corner}") for corner in _CORNERS]
        y0, x0, y1, x1, score = floats([*texts, thing.findtext("score", "1")], f"{file}: a box")
        draft.add((y0, x0, y1, x1), thing.findtext("name", ""), score)
    return draft


def _element(name: str, detections: Detections) -> ET.Element:
    height, width = detections.image_shape
    root = ET.Element("annotation")
    _texts(root, {"filename": name})
    _texts(ET.SubElement(root, "size"), {"width": width, "height": height, "depth": 3})
    _texts(root, {"segmented": 0})
    for box, label, score in rounded_cells(detections):
        thing = ET.SubElement(root, "object")
        flags = {"pose": "Unspecified", "truncated": 0, "difficult": 0}
        _texts(thing, {"name": label, **flags, "score": score})
        # Many readers need integers, so corners without decimals are written as such.
        corners = (int(value) if value.is_integer() else value for value in box)
        _texts(ET.SubElement(thing, "bndbox"), dict(zip(_CORNERS, corners, strict=True)))
    return root


def _texts(parent: ET.Element, values: Mapping[str, object]) -> None:
    for tag, value in values.items():
        ET.SubElement(parent, tag).text = str(value)
