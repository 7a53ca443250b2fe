"""Label images whose cells have a class: training data for classifiers.

A folder contains `images/`, label images of the same names in `labels/`, `nuclei/` or `cells/`, and for each split a
table `<split>.csv` with the columns `image`, `cell` (or `nucleus`: the number in the label image) and `class`, or
`has_micronucleus` (0 or 1). Cells with the same `group` (or `subject`, `source`, `block`) stay in one fold. A folder
of C-NMC 2019 is read as distributed (`formats.c_nmc`), and so are images that have a class as a whole, in a folder a
class (`formats.class_folders`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import c_nmc, cell_table, class_folders
from napari_hemalens.formats.images import IMAGE_SUFFIXES
from napari_hemalens.formats.results import check_no_results
from napari_hemalens.formats.tables import read_rows

_CELL = ("nucleus", "cell")
_CLASS = ("class", "has_micronucleus")
_GROUP = ("group", "subject", "source", "block")
_LABELS = {"nucleus": ("labels", "nuclei", "cells"), "cell": ("labels", "cells", "nuclei")}
_PARTS = ("train", "val", "test")
_MICRONUCLEUS = {"0": "none", "1": "micronucleus"}


@dataclass(frozen=True, slots=True, eq=False)
class NamedCells:
    """The cells of one image whose class is known.

    Attributes
    ----------
    image : Path
        The image.
    labels : Path or None
        Its label image; None: the image shows a single cell, number 1, on black, or is `whole`.
    ids : (N,) int64
        Numbers of the cells in the label image.
    class_names : (N,) str
        Their classes.
    groups : (N,) str
        Cells of one group stay in one fold: a subject, a source, a block of images that follow each other and may be
        of one slide, else the image.
    marks : Path or None
        Label image of micronuclei, each with the number of its cell.
    grouped_by : str
        What a group is: the column of the table that it was read from.
    whole : bool
        Whether all of the image is what has the class: its number is 1, too.
    """

    image: Path
    labels: Path | None
    ids: NDArray[np.int64]
    class_names: NDArray[np.str_]
    groups: NDArray[np.str_]
    marks: Path | None = None
    grouped_by: str = "image"
    whole: bool = False

    def label_image(self) -> NDArray[Any]:
        """Read the label image: (H, W)."""
        if self.labels is None:
            image = np.atleast_3d(iio.imread(self.image))
            seen = np.full(image.shape[:2], self.whole)
            for channel in range(0 if self.whole else min(3, image.shape[2])):  # twenty times as fast as the maximum
                seen |= image[..., channel] > 0
            labels: NDArray[Any] = seen.astype(np.uint8)
            return labels
        return _numbers(self.labels)

    def mark_image(self) -> NDArray[Any]:
        """Read the label image of micronuclei: (H, W), the number of their cell, 0 elsewhere.

        Raises
        ------
        AnnotationError
            If the data set has none.
        """
        if self.marks is None:
            raise AnnotationError(f"{self.image} has no outlines of micronuclei: put them into a folder micronuclei/.")
        return _numbers(self.marks)


def read(folder: str | Path, *, split: str) -> tuple[NamedCells, ...]:
    """Read one split of a data set, one record per image; see `c_nmc.read` and `class_folders.read` for such folders.

    Raises
    ------
    AnnotationError
        If the table is missing, lacks a column, or names a missing image; if a file of C-NMC 2019 has an unexpected
        name.
    """
    root, table = Path(folder), Path(folder) / f"{split}.csv"
    if not table.exists() and c_nmc.folds_of(root):
        return _lone_cells(root, split)
    if not table.exists() and class_folders.parts_of(root):
        return tuple(map(_whole_image, class_folders.read(root, split=split)))
    if not table.is_file() and (root / cell_table.FILE).is_file():
        check_no_results(root)
        raise AnnotationError(
            f"{root} holds cells by box ({cell_table.FILE}), not label images with {table.name}: on cells by box, "
            "`hemalens evaluate laboratories` measures weights, and `hemalens evaluate cells` a detector."
        )
    if not table.is_file():
        raise AnnotationError(
            f"Cannot read the table of cells {table}: no such file. Nor does {root} hold C-NMC 2019, {c_nmc.LAYOUT}, "
            f"or images in {class_folders.LAYOUT}."
        )
    rows = read_rows(table, ("image",), "cells", optional=(*_CELL, *_CLASS, *_GROUP))
    if not rows:
        raise AnnotationError(f"{table} lists no cells.")
    cell = _column(table, rows[0], _CELL)
    kind = _column(table, rows[0], _CLASS)
    group = next((name for name in _GROUP if name in rows[0]), "image")
    rows.sort(key=lambda row: row["image"])
    return tuple(
        _field(root, table, image, list(of_image), columns=(cell, kind, group))
        for image, of_image in groupby(rows, lambda row: row["image"])
    )


def read_all(folder: str | Path) -> tuple[NamedCells, ...]:
    """Read every split of a data set: those of train, val and test that exist, or all of C-NMC 2019 or of folders.

    Raises
    ------
    AnnotationError
        As `read`.
    """
    root = Path(folder)
    parts = [part for part in _PARTS if (root / f"{part}.csv").exists()]
    if not parts and c_nmc.folds_of(root):
        return _lone_cells(root, None)
    parts = parts or list(class_folders.parts_of(root)) or [_PARTS[0]]
    return tuple(field for part in parts for field in read(root, split=part))


def classes_of(fields: Iterable[NamedCells]) -> tuple[str, ...]:
    """Return every class in use, by name."""
    return tuple(sorted({name for field in fields for name in field.class_names.tolist()}))


def _numbers(file: Path) -> NDArray[Any]:
    """Read a label image (H, W)."""
    labels: NDArray[Any] = tifffile.imread(file) if file.suffix.lower() in {".tif", ".tiff"} else iio.imread(file)
    return labels


def _lone_cells(root: Path, split: str | None) -> tuple[NamedCells, ...]:
    return tuple(
        NamedCells(
            cell.image,
            None,
            np.array([1], dtype=np.int64),
            np.array([cell.class_name]),
            np.array([cell.subject]),
            grouped_by="subject",
        )
        for cell in c_nmc.read(root, split=split)
    )


def _whole_image(found: class_folders.NamedImage) -> NamedCells:
    name, ids = found.class_name, np.array([1], dtype=np.int64)
    group = f"{name}/{found.image.name}"  # images of two classes may be called alike
    return NamedCells(found.image, None, ids, np.array([name]), np.array([group]), whole=True)


def _field(
    root: Path, table: Path, image: str, rows: Sequence[Mapping[str, str]], *, columns: tuple[str, str, str]
) -> NamedCells:
    cell, kind, group = columns
    try:
        ids = np.array([int(row[cell]) for row in rows], dtype=np.int64)
    except ValueError as error:
        raise AnnotationError(f"{table}, image {image}: every {cell} needs a whole number; {error}.") from error
    names = [row[kind] if kind == "class" else _MICRONUCLEUS.get(row[kind], "") for row in rows]
    if "" in names:
        raise AnnotationError(f"{table}, image {image}: {kind} got {rows[names.index('')][kind]!r}; known: 0, 1.")
    return NamedCells(
        _find_image(root, ("images",), image, table),
        _find_image(root, _LABELS[cell], image, table),
        ids,
        np.array(names),
        np.array([row[group] for row in rows]),
        _find_file(root, ("micronuclei",), image),
        group,
    )


def _column(table: Path, row: Mapping[str, str], names: Sequence[str]) -> str:
    found = next((name for name in names if name in row), None)
    if found is None:
        raise AnnotationError(f"{table} has no column {' or '.join(names)}; it has {', '.join(row)}.")
    return found


def _find_image(root: Path, folders: Sequence[str], image: str, table: Path) -> Path:
    found = _find_file(root, folders, image)
    if found is None:
        raise AnnotationError(f"{table} names the image {image!r}, which is not in {' or '.join(folders)} of {root}.")
    return found


def _find_file(root: Path, folders: Sequence[str], image: str) -> Path | None:
    """Return the file of an image, whose name in the table may lack the suffix, or None."""
    stem = image.removesuffix(Path(image).suffix) if Path(image).suffix.lower() in IMAGE_SUFFIXES else image
    for folder in folders:
        for suffix in (Path(image).suffix, *sorted(IMAGE_SUFFIXES)):
            if (candidate := root / folder / f"{stem}{suffix}").is_file():
                return candidate
    return None
