"""Pascal VOC: one XML file per image, as written by labelImg, CVAT and BCCD.

The VOC development kit counts pixels from 1 and includes the last one, but hardly any file follows
it: labelImg, the source of most VOC files (also BCCD), stores the corners as drawn, as whole numbers
with 0 raised to 1. So xmin and xmax are read and written as edges, the far one excluded, with
decimals if needed: files written here are read back unchanged, and those of the development kit are
off by one pixel at the near edges.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import read_text, split_names
from napari_hemalens.formats.draft import Box, Draft, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, is_file, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.shapes import bounds, turned_box
from napari_hemalens.formats.writing import one_file_each, rounded_cells
from napari_hemalens.records.detections import Detections

_FOREIGN = "annotations"  # root of CVAT's own XML
_CORNERS = ("ymin", "xmin", "ymax", "xmax")


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find VOC files there."""
    if split is not None and _split_file(path, split).is_file():
        return True
    if split is not None:
        return any(map(holds, _split_folders(path, split)))
    return any(_root_tag(file) == "annotation" for file in _files(path, None))


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
    folders = _split_folders(path, split) if split and not _split_file(path, split).is_file() else []
    files = [file for folder in folders for file in _files(folder, None)] or _files(path, split)
    drafts = [_draft(file) for file in files if len(files) == 1 or split or _root_tag(file) != _FOREIGN]
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


def _split_folders(root: Path, split: str) -> list[Path]:
    """Return the folder of a split in Roboflow's layout."""
    return [root / name for name in split_names(split) if (root / name).is_dir()]


def _root_tag(file: Path) -> str:
    """Return the tag of an XML file's root; of a damaged file, that of VOC, so that reading it says what is wrong."""
    try:
        return xml_root(file).tag
    except AnnotationError:
        return "annotation"


def _files(path: Path, split: str | None) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".xml" else []
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    if split is None:
        return sorted(folder.rglob("*.xml"))
    listing = _split_file(path, split)
    if not listing.is_file():
        known = ", ".join(sorted(file.stem for file in listing.parent.glob("*.txt"))) or "none"
        raise AnnotationError(f"No split {split!r} in {listing.parent}. Known: {known}.")
    words = (
        line.split() for line in read_text(listing).splitlines()
    )  # lists of one class have a sign behind each name
    return [folder / f"{found[0]}.xml" for found in words if found and found[-1] != "-1"]


def xml_root(file: Path) -> ET.Element:
    """Return the root of an XML file.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is no XML.
    """
    try:
        return ET.parse(file).getroot()  # noqa: S314 -- expat itself limits entities since 2.4.1
    except OSError as error:
        raise AnnotationError(f"Cannot read {file}: {error.strerror}.") from error
    except (ET.ParseError, LookupError, ValueError) as error:
        raise AnnotationError(f"{file} is not XML: {error}.") from error


def _draft(file: Path) -> Draft:
    root = xml_root(file)
    if root.tag != "annotation":
        raise AnnotationError(f"{file} is not a VOC file: its root is <{root.tag}>, not <annotation>.")
    name = root.findtext("filename") or root.findtext("path") or file.stem
    folders = folders_near(file)
    image = locate_image(name.strip(), folders)
    if not is_file(Path(image)):  # files that were renamed keep the old name inside
        image = next((str(f) for f in (Path(locate_image(file.stem, folders)),) if is_file(f)), image)
    # Some tools leave the size 0.
    stated = size(root.findtext("size/height"), root.findtext("size/width"))
    draft = Draft(file, image, stated or known_size(image))
    for thing in root.iter("object"):
        _add(draft, thing)
    return draft


def _add(draft: Draft, thing: ET.Element) -> None:
    texts = [thing.findtext(f"bndbox/{corner}") for corner in _CORNERS]
    if any(text and text.strip() for text in texts):
        y0, x0, y1, x1 = map(number, texts)
    elif (box := _outline(thing) or _turned(thing)) is not None:
        y0, x0, y1, x1 = box
    else:
        draft.leave_out("an object without a box")
        return
    draft.add((y0, x0, y1, x1), (thing.findtext("name") or "").strip(), number(thing.findtext("score"), 1.0))


def _outline(thing: ET.Element) -> Box | None:
    """Return the box around a polygon: points <pt><x/><y/></pt>, or <x1/><y1/><x2/><y2/>... as Roboflow writes them."""
    found = thing.find("polygon")
    if found is None:
        return None
    points = [(number(pt.findtext("x")), number(pt.findtext("y"))) for pt in found.iter("pt")]
    if not points:
        by_tag = {each.tag: number(each.text) for each in found}
        count = len(by_tag) // 2
        points = [(by_tag.get(f"x{n}", math.nan), by_tag.get(f"y{n}", math.nan)) for n in range(1, count + 1)]
    return bounds(points)


def _turned(thing: ET.Element) -> Box | None:
    """Return the box around a turned one: <robndbox> with centre, sides and an angle in radians (roLabelImg)."""
    found = thing.find("robndbox")
    if found is None:
        return None
    x, y, width, height = (number(found.findtext(key)) for key in ("cx", "cy", "w", "h"))
    box = y - height / 2, x - width / 2, y + height / 2, x + width / 2
    return turned_box(box, math.degrees(number(found.findtext("angle"), 0.0)))


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
