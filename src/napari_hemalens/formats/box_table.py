"""Tables of boxes as other tools write them: the columns of a cell by any of their usual names.

A line is a cell. It needs corners, or a corner or centre with width and height. Columns are known by name in any case,
parted by commas, semicolons or tabs, with decimal points or commas. Where no number of a box is above 1, all are shares
of the image's width and height, as in Open Images. Tables of VIA are read by `formats.via`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import split_names
from napari_hemalens.formats.draft import Box, Draft, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.tables import read_header, read_table
from napari_hemalens.records.detections import Detections

_NAMES: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "filename", "file", "imagename", "imageid", "imagepath", "path", "img", "picture"),
    "class": ("class", "label", "labelname", "classname", "category", "name", "celltype", "type", "cell", "kind"),
    "score": ("score", "confidence", "probability", "conf"),
    "x0": ("x0", "xmin", "x1", "left", "bboxx1", "minx", "bboxxmin", "startx"),
    "y0": ("y0", "ymin", "y1", "top", "bboxy1", "miny", "bboxymin", "starty"),
    "x1": ("xmax", "x2", "right", "bboxx2", "maxx", "bboxxmax", "endx", "x1"),
    "y1": ("ymax", "y2", "bottom", "bboxy2", "maxy", "bboxymax", "endy", "y1"),
    "x": ("x", "bboxx", "bbx", "xstart"),
    "y": ("y", "bboxy", "bby", "ystart"),
    "cx": ("cx", "xcenter", "centerx", "xcentre", "centrex", "centroidx"),
    "cy": ("cy", "ycenter", "centery", "ycentre", "centrey", "centroidy"),
    "width": ("boxwidth", "bboxwidth", "w", "bboxw", "bbw", "width"),
    "height": ("boxheight", "bboxheight", "h", "bboxh", "bbh", "height"),
    "image_width": ("imagewidth", "imgwidth", "imgw", "width"),
    "image_height": ("imageheight", "imgheight", "imgh", "height"),
}
_WAYS: tuple[tuple[tuple[str, ...], Callable[..., Box]], ...] = (
    (("x0", "y0", "x1", "y1"), lambda x0, y0, x1, y1: (y0, x0, y1, x1)),
    (("x", "y", "width", "height"), lambda x, y, w, h: (y, x, y + h, x + w)),
    (("cx", "cy", "width", "height"), lambda x, y, w, h: (y - h / 2, x - w / 2, y + h / 2, x + w / 2)),
    (("x0", "y0", "width", "height"), lambda x, y, w, h: (y, x, y + h, x + w)),
)
_SUFFIXES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns of a table hold the box, in which way, and the rest."""

    box: tuple[str, ...]
    way: Callable[..., Box]
    others: Mapping[str, str]


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a table of boxes there."""
    return bool(_files(path, split))


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read one record per image of all tables.

    Raises
    ------
    AnnotationError
        If no table has the columns of a box, or a file cannot be read.
    """
    files = _files(path, split) or [path]
    drafts = [draft for file in files for draft in _read_table(file)]
    return finish_drafts(drafts)


def _files(path: Path, split: str | None) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in _SUFFIXES and _is_table(path) else []
    if split is not None:
        named = [path / f"{name}.csv" for name in split_names(split)]
        folders = [path / name for name in split_names(split)]
        found = [file for file in named if file.is_file()] + [
            f for folder in folders for f in sorted(folder.glob("*.csv"))
        ]
    else:
        found = sorted([*path.glob("*.csv"), *path.glob("*.tsv")]) or sorted(path.glob("*/_annotations.csv"))
    return [file for file in found if _is_table(file)]


def _is_table(file: Path) -> bool:
    return _columns(read_header(file)) is not None


def _columns(header: Sequence[str]) -> _Columns | None:
    """Return which columns mean what; None if they make no box, or name no image and no class."""
    by_name = {"".join(sign for sign in name.casefold() if sign.isalnum()): name for name in header}
    for parts, way in _WAYS:
        taken: dict[str, str] = {}
        for part in parts:
            column = next((by_name[n] for n in _NAMES[part] if n in by_name and by_name[n] not in taken.values()), None)
            if column is not None:
                taken[part] = column
        if len(taken) == len(parts):
            return _with_others(taken, way, by_name)
    return None


def _with_others(taken: Mapping[str, str], way: Callable[..., Box], by_name: Mapping[str, str]) -> _Columns | None:
    others: dict[str, str] = {}
    for part in ("image", "class", "score", "image_width", "image_height"):
        free = (by_name[n] for n in _NAMES[part] if n in by_name)
        column = next((name for name in free if name not in {*taken.values(), *others.values()}), None)
        if column is not None:
            others[part] = column
    if not {"image", "class"} & others.keys():
        return None
    return _Columns(tuple(taken.values()), way, others)


def _read_table(file: Path) -> Iterator[Draft]:
    header, rows = read_table(file)
    columns = _columns(header)
    if columns is None:
        raise AnnotationError(
            f"{file} is no table of boxes: it has the columns {', '.join(header)}; a box needs "
            "its corners, or a corner or centre with width and height."
        )
    drafts: dict[str, Draft] = {}
    folders, shares = folders_near(file), _are_shares(rows, columns)
    for row in rows:
        name = (row.get(columns.others.get("image", "")) or "").strip() or file.stem
        if name not in drafts:
            stated = size(*(row.get(columns.others.get(side, "")) for side in ("image_height", "image_width")))
            where = locate_image(name, folders)
            drafts[name] = Draft(file, where, stated or known_size(where))
        _add(drafts[name], row, columns, shares=shares)
    yield from drafts.values()


def _are_shares(rows: Sequence[Mapping[str, str]], columns: _Columns) -> bool:
    """Whether boxes are given in shares of the image's sides: in pixels, each would be smaller than one."""
    found = [number(row.get(column)) for row in rows for column in columns.box]
    known = [value for value in found if math.isfinite(value)]
    return bool(known) and min(known) >= 0 and max(known) <= 1


def _add(draft: Draft, row: Mapping[str, str], columns: _Columns, *, shares: bool) -> None:
    values = [row.get(column) or "" for column in columns.box]
    if not any(value.strip() for value in values):
        draft.leave_out("a line without a box")
        return
    y0, x0, y1, x1 = columns.way(*map(number, values))
    if shares:
        if draft.shape is None:
            draft.leave_out("a box in shares of an image whose size is not known")
            return
        draft.mended["in shares of the image's sides, taken as pixels"] += 1
        height, width = draft.shape
        y0, x0, y1, x1 = y0 * height, x0 * width, y1 * height, x1 * width
    label = (row.get(columns.others.get("class", "")) or "").strip()
    score = number(row.get(columns.others.get("score", "")) or 1.0, 1.0)
    draft.add((y0, x0, y1, x1), label, score)
