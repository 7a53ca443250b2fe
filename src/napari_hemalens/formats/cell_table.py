"""Cells of many images, by box, each with its class and origin: what classifiers of nucleated cells learn from.

One CSV file with a row for each cell: `image` (a path, absolute or from the table's folder), `y0`, `x0`, `y1`, `x1` in
pixels of the image, `pixel_size_um`, `class`, and the optional `laboratory`, `block` and `part` (train by default). The
licence of the images may stand beside it, in `licence.txt`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.draft import floats
from napari_hemalens.formats.tables import read_rows, write_csv

FILE = "cells.csv"
LICENCE = "licence.txt"
_CORNERS = ("y0", "x0", "y1", "x1")
_NUMBERS = (*_CORNERS, "pixel_size_um")
_NEEDED = ("image", *_NUMBERS, "class")
_ORIGIN = ("laboratory", "block", "part")


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """Cells with a class.

    Attributes
    ----------
    images : (N,) object
        Path of the image of each.
    boxes : (N, 4) float32
        y0, x0, y1, x1 in pixels of the image.
    pixel_sizes : (N,) float32
        Micrometres a pixel of the image.
    class_names : (N,) str
        Their classes.
    laboratories : (N,) str
        Where they were stained and photographed; '' if not stated.
    blocks : (N,) str
        Cells of one block may be of one slide: they stay in one part, and are drawn together in a bootstrap.
    parts : (N,) str
        'train', 'choose' (blocks held out to choose recipes by) or 'val'.
    """

    images: NDArray[np.object_]
    boxes: NDArray[np.float32]
    pixel_sizes: NDArray[np.float32]
    class_names: NDArray[np.str_]
    laboratories: NDArray[np.str_]
    blocks: NDArray[np.str_]
    parts: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.class_names)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    @classmethod
    def join(cls, tables: Sequence["CellTable"]) -> "CellTable":
        """Return the cells of several tables as one."""
        return cls(**{f.name: np.concatenate([getattr(table, f.name) for table in tables]) for f in fields(cls)})


def read(path: str | Path) -> CellTable:
    """Read a table of cells.

    Raises
    ------
    AnnotationError
        If the file cannot be read, lacks a column, lists no cell, or has a box or a pixel size that is none.
    """
    file = Path(path)
    with decoding(f"Cannot read the table of cells {file}", AnnotationError):
        return _read(file)


def read_folder(folder: str | Path) -> CellTable:
    """Read the table of cells in a folder, its `cells.csv`; errors as `read`, which say what writes one."""
    file = Path(folder) / FILE
    if not file.exists():
        raise AnnotationError(
            f"{folder} has no {FILE}: `hemalens prepare` writes it from public images, `hemalens collect` from yours."
        )
    return read(file)


def read_part(folder: str | Path, part: str, laboratories: Sequence[str] = ()) -> CellTable:
    """Read the cells of one part of the table in a folder, and of some laboratories, by default all.

    Raises
    ------
    AnnotationError
        As `read_folder`; or if there is no such cell, with what there is.
    """
    cells = read_folder(folder)
    there = cells.parts == part
    if laboratories:
        there &= np.isin(cells.laboratories, laboratories)
    if not there.any():
        asked = f" from {', '.join(laboratories)}" * bool(laboratories)
        parts, known = (", ".join(filter(None, np.unique(of).tolist())) for of in (cells.parts, cells.laboratories))
        raise AnnotationError(
            f"{Path(folder) / FILE} has no cells of the part {part!r}{asked}; it has the parts {parts}"
            f"{f', and the laboratories {known}' * bool(known)}."
        )
    return cells.take(there)


def _read(file: Path) -> CellTable:
    rows = read_rows(file, _NEEDED, "cells", optional=_ORIGIN)
    if not rows:
        raise AnnotationError(f"{file} lists no cells.")
    texts = ((row, [row[name] for name in _NUMBERS]) for row in rows)
    numbers = np.array([floats(each, f"{file}, line {row.line}") for row, each in texts], dtype=np.float32)
    sound = (numbers[:, 2:4] > numbers[:, :2]).all(axis=1) & (numbers[:, 4] > 0)  # false where a number is missing
    if not sound.all():
        raise AnnotationError(f"{file}: the box of cell {sound.argmin() + 1} has no area, or its pixel size is none.")
    return CellTable(
        images=np.array([file.parent / row["image"] for row in rows], dtype=object),
        boxes=numbers[:, :4],
        pixel_sizes=numbers[:, 4],
        class_names=np.array([row["class"] for row in rows]),
        laboratories=np.array([row.get("laboratory", "") for row in rows]),
        blocks=np.array([row.get("block") or row["image"] for row in rows]),
        parts=np.array([row.get("part") or "train" for row in rows]),
    )


def write(cells: CellTable, path: str | Path) -> None:
    """Write a table of cells, whole or not at all."""
    origins = zip(cells.laboratories, cells.blocks, cells.parts, strict=True)
    measures = zip(cells.images, cells.boxes.tolist(), cells.pixel_sizes, cells.class_names, strict=True)
    rows = (
        (image, *(f"{value:.1f}" for value in box), f"{size:.4f}", name, *origin)
        for (image, box, size, name), origin in zip(measures, origins, strict=True)
    )
    write_csv(path, (*_NEEDED, *_ORIGIN), rows)


def write_licence(folder: Path, licence: str) -> None:
    """Write the licence of the images of a table beside it."""
    with writing(folder / LICENCE) as temporary:
        temporary.write_text(licence + "\n", encoding="utf-8")


def licence_of(folders: Sequence[str | Path]) -> str:
    """Return the licences of the images of tables in some folders, for a model card; '' where none states any.

    Raises
    ------
    AnnotationError
        If one cannot be read.
    """
    found = []
    for file in (Path(folder) / LICENCE for folder in folders):
        if file.is_file():
            with decoding(f"Cannot read {file}", AnnotationError):
                found.append(file.read_text(encoding="utf-8").strip())
    return f"Of the images: {'; '.join(dict.fromkeys(found))}" if found else ""
