"""Cells of whole slides as DICOM keeps them: Microscopy Bulk Simple Annotations (PS3.3 A.87), beside the slides.

An annotation group is a class: its label, or the meaning of its code, is the name. Groups that mark regions are no
cells: each region that holds any is an image of its own (`formats.image_parts`), since nobody looked at the rest.

Where several people, or the same in several sessions, named the cells of a slide, their consensus is read, else the
first session; any other is read as a file by itself.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.extras import optional_module
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.dicom_files import Header, headers, slide_path
from napari_hemalens.formats.documents import read_text, split_names
from napari_hemalens.formats.draft import Box, Draft, finish_drafts
from napari_hemalens.formats.image_names import is_file
from napari_hemalens.formats.image_parts import Rectangle, part_name
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.synonyms import spelling
from napari_hemalens.records.taxonomy import is_known

_REGION_CODES = frozenset({"111099"})  # DCM: selected region
_NO_CELLS = frozenset(map(spelling, ("artifact", "technically unfit", "spicule")))
_SHARES = (("train", 70), ("val", 85), ("test", 100))  # per cent of the patients up to which a part reaches
_GRID = 16  # pixels to which regions are rounded, so that they begin between two pixels of the next four levels, too


@dataclass(slots=True)
class _Annotated:
    """What is marked in one slide, in pixels of its finest level."""

    cells: list[tuple[Box, str]] = field(default_factory=list)
    regions: list[Rectangle] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find annotations there."""
    if split is not None and not path.is_dir():
        return False
    try:
        return any(each.kind == "annotations" for each in headers([path], deep=True))
    except ImageError as error:
        raise AnnotationError(f"Cannot read the annotations in {path}: {error}") from error


def read(path: Path, *, split: str | None = None, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record for each region of each slide that holds cells; of a slide without regions, one.

    Parameters
    ----------
    path : Path
        A file, or a folder in which files are searched recursively. Slides are searched there, and in the
        folders beside.
    split : str, optional
        A part: the patients that `<split>.txt` lists, an identifier a line, else those in a folder of that name. Where
        there is neither, 'train' (70 %), 'val' and 'test' (15 % each) are drawn by a hash of each patient's identifier.
    names : sequence of str, optional
        The classes; by default those found, sorted.

    Raises
    ------
    AnnotationError
        If a file is damaged, or highdicom is not installed.
    """
    with decoding(f"Cannot read the annotations in {path}", AnnotationError):
        found = headers([path], deep=True)
        asked = [each for each in found if each.kind == "annotations" and _is_in(each, path, split)]
        nearby = [*dict.fromkeys((*found, *_beside(path)))] if path.is_file() or _is_apart(asked, found) else found
        regions = [each for each in nearby if each.kind == "annotations" and _is_of_regions(each)]
        drafts: list[Draft] = []
        for slide in dict.fromkeys(each.slide for each in asked):
            chosen = _chosen([each for each in asked if each.slide == slide])
            chosen += [each for each in regions if each.slide == slide and each not in chosen]
            drafts += _drafts(chosen, [each for each in nearby if each.kind == "level" and each.series == slide])
    if not drafts and split is None:
        raise AnnotationError(f"{path} marks no cells, only regions in which to look for them.")
    return finish_drafts(drafts, names)


def _is_apart(asked: Iterable[Header], found: Iterable[Header]) -> bool:
    """Return whether the slide of an annotation is not among what was found."""
    return not {each.slide for each in asked} <= {each.series for each in found if each.kind == "level"}


def _beside(path: Path) -> tuple[Header, ...]:
    """Return what lies in the folder of a file, or in a folder, in those directly inside, and in those beside it."""
    folder = path.parent if path.is_file() else path
    return headers(
        [folder, *(each for place in (folder, folder.parent) for each in sorted(place.iterdir()) if each.is_dir())]
    )


def _is_in(header: Header, path: Path, split: str | None) -> bool:
    if split is None:
        return True
    known = split_names(split)
    for name in known:
        if is_file(path / f"{name}.txt"):
            return header.patient in read_text(path / f"{name}.txt").split()
        if (path / name).is_dir():
            return (path / name) in header.file.parents
    drawn = int(hashlib.blake2b(header.patient.encode(), digest_size=4).hexdigest(), 16) % 100
    return next(name for name, share in _SHARES if drawn < share) in known


def _chosen(files: Sequence[Header]) -> list[Header]:
    """Return the files to read of one slide: regions, and the consensus or else the first session."""
    regions = [each for each in files if _is_of_regions(each)]
    cells = sorted((each for each in files if each not in regions), key=lambda each: (_rank(each), each.description))
    best = [each for each in cells if _rank(each) == _rank(cells[0])]
    return [*(best[:1] if best and _rank(best[0]) == 2 else best), *regions]


def _rank(header: Header) -> int:
    said = header.description.casefold()
    return 0 if "consensus" in said else 2 if "session" in said else 1


def _is_of_regions(header: Header) -> bool:
    return "region" in header.description.casefold()


def _drafts(files: Sequence[Header], levels: Sequence[Header]) -> Iterator[Draft]:
    """Yield a draft for each region of a slide that holds cells; one for all of it, where it has no regions."""
    found = _Annotated()
    for file in files:
        _read_file(file, levels, found)
    finest = max(levels, key=lambda each: each.shape, default=None)
    image = files[0].slide if finest is None else str(slide_path(levels))
    shape = None if finest is None else finest.shape
    size = None if finest is None or finest.pixel_size_um is None else float(np.sqrt(np.prod(finest.pixel_size_um)))
    regions: list[Rectangle | None] = [_on_grid(region, shape) for region in found.regions]
    drafts, outside = [], set(range(len(found.cells)))
    for place in dict.fromkeys(regions or [None]):
        inside = [k for k, (box, _) in enumerate(found.cells) if place is None or _holds_centre(place, box)]
        outside -= set(inside)
        if not inside and place is not None:
            continue
        y0, x0, y1, x1 = place or (0, 0, 0, 0)
        draft = Draft(files[0].file, part_name(image, place) if place else image, pixel_size_um=size)
        draft.shape = (y1 - y0, x1 - x0) if place else shape
        for (top, left, bottom, right), label in (found.cells[k] for k in inside):
            draft.add((top - y0, left - x0, bottom - y0, right - x0), label)
        drafts.append(draft)
    for kind in (*found.left_out, *("a cell outside the marked regions" for _ in outside)):
        if drafts:
            drafts[0].leave_out(kind)
    yield from drafts


def _on_grid(region: Rectangle, shape: tuple[int, int] | None) -> Rectangle:
    y0, x0, y1, x1 = (round(side / _GRID) * _GRID for side in region)
    height, width = shape or (y1, x1)
    return max(0, y0), max(0, x0), min(max(y1, y0 + _GRID), height), min(max(x1, x0 + _GRID), width)


def _holds_centre(place: Rectangle, box: Box) -> bool:
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place[0] <= y < place[2] and place[1] <= x < place[3]


def _read_file(file: Header, levels: Sequence[Header], found: _Annotated) -> None:
    highdicom = optional_module("highdicom", "DICOM annotations", "slides")
    annotations = highdicom.ann.annread(file.file)
    for group in annotations.get_annotation_groups():
        shapes = _in_pixels(group, annotations, file, levels)
        kind, label = group.graphic_type.value, _name(group)
        if str(group.annotated_property_type.value) in _REGION_CODES or _is_of_regions(file):
            found.regions += [_rounded(_bounds(shape, kind)) for shape in shapes]
        elif kind in {"POINT", "POLYLINE"}:
            found.left_out += [f"a {kind.lower()}"] * len(shapes)
        elif spelling(label) in _NO_CELLS:
            found.left_out += [f"a box of {label!r}, which is no cell"] * len(shapes)
        else:
            found.cells += [(_bounds(shape, kind), label) for shape in shapes]


def _name(group: Any) -> str:
    """Return the class of a group: its label, or the meaning of its code where only that is known."""
    label, meaning = str(group.label).strip(), str(group.annotated_property_type.meaning).strip()
    return meaning if not label or (not is_known(label) and is_known(meaning)) else label


def _in_pixels(group: Any, annotations: Any, file: Header, levels: Sequence[Header]) -> list[NDArray[np.float64]]:
    """Return the corners (K, 2) of each shape, x and y in pixels of the finest level."""
    coordinates = annotations.annotation_coordinate_type
    stored = [np.asarray(shape, dtype=np.float64) for shape in group.get_graphic_data(coordinates)]
    level = next((each for each in levels if each.instance == file.level), levels[0] if levels else None)
    if level is None:
        return [shape[:, :2] for shape in stored]
    if coordinates.value == "3D":
        pydicom, highdicom = (optional_module(name, "DICOM annotations", "slides") for name in ("pydicom", "highdicom"))
        image = pydicom.dcmread(level.file, stop_before_pixels=True)
        place = highdicom.spatial.ReferenceToImageTransformer.for_image(image, for_total_pixel_matrix=True)
        stored = [place(shape) for shape in stored]
    factor = max(each.shape[0] for each in levels) / level.shape[0]
    return [shape[:, :2] * factor for shape in stored]


def _bounds(shape: NDArray[np.float64], kind: str) -> Box:
    """Return the box around a shape; an ellipse is stored as the ends of its axes."""
    if kind == "ELLIPSE":
        centre = shape.mean(axis=0)
        half = np.hypot(*(shape[[0, 2]] - shape[[1, 3]])) / 2
        (x0, y0), (x1, y1) = centre - half, centre + half
    else:
        (x0, y0), (x1, y1) = shape.min(axis=0), shape.max(axis=0)
    return float(y0), float(x0), float(y1), float(x1)


def _rounded(box: Box) -> Rectangle:
    y0, x0, y1, x1 = (round(side) for side in box)
    return y0, x0, y1, x1
