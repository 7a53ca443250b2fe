"""Nucleated cells of four laboratories by box: public images, brought into one table.

Pixel sizes are estimates: red cells of 7.2 um in PBC, neutrophils and lymphocytes as large as there in the others;
of Munich a compromise, since its few red cells say 0.115 um, and its cells, by eye, 0.09 um.
Blocks are runs of file numbers, which may be of one slide; no set states patients.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import cell_table, coco
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.images import read_rgb
from napari_hemalens.formats.tables import read_table
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE, cell_class
from napari_hemalens.training.cell_sets import outline_tight_cells

PBC, MUNICH, JIANGXI, CELLAVISION, TALEQANI = "PBC", "Munich", "Jiangxi", "CellaVision", "Taleqani"
BENIGN = "benign"
"""A haematogone, no blast: a precursor of B cells for which there is no class."""
_PBC_UM, _MUNICH_UM, _TALEQANI_UM = 0.11, 0.1, 0.43
_LEUKOCYTES = {"dataset1": (JIANGXI, 0.205), "dataset2": (CELLAVISION, 0.095)}
_STAGES = {"benign": BENIGN, "early": "blast", "pre": "blast", "pro": "blast"}
_BLOCK = 25  # file numbers
_FEW = 5  # file numbers of a block in small sets
_EVERY = 7  # one in so many blocks of the training part is held out, to choose recipes by
_MUNICH_SIDE_UM = 15.0  # of the box given to a cell whose image says only that it lies in the middle


@dataclass(frozen=True, slots=True)
class PublicCell:
    """A cell of a public image; box as y0, x0, y1, x1 in its pixels, block as in `CellTable` but for the laboratory."""

    image: Path
    box: tuple[float, float, float, float]
    pixel_size_um: float
    class_name: str
    laboratory: str
    block: str
    part: str


def prepare_steps(data: str | Path, out: str | Path) -> Steps[Mapping[str, int]]:
    """Write `cells.csv`, the nucleated cells of PBC, segmentation_WBC, Taleqani and Munich; return how many of each.

    Parameters
    ----------
    data : path
        Folder with `smear_detection`, `leukocytes`, `all_fields` and `marrow_cells`; those that are missing are left
        out.
    out : path
        Folder for the table.

    Raises
    ------
    AnnotationError
        If none of the sets is there.
    """
    root, cells = Path(data), list[PublicCell]()
    there = [folder for folder in SOURCES if (root / folder).is_dir()]
    for folder in there:
        for cell in SOURCES[folder](root / folder):
            cells.append(cell)
            if not len(cells) % 100:
                yield Progress(len(cells), 0, folder)
    if not cells:
        raise AnnotationError(f"{root} holds none of {', '.join(SOURCES)}.")
    return write_table(cells, Path(out), ", ".join(LICENCES[folder] for folder in there))


def write_table(cells: Sequence[PublicCell], out: Path, licence: str) -> Mapping[str, int]:
    """Write cells to `cells.csv`, the licence beside; return how many there are of each laboratory, part and class."""
    table = _table(cells)
    cell_table.write_licence(out, licence)
    cell_table.write(table, out / cell_table.FILE)
    names = [" ".join(of) for of in zip(table.laboratories, table.parts, table.class_names, strict=True)]
    return dict(zip(*(column.tolist() for column in np.unique(names, return_counts=True)), strict=True))


def _table(cells: Sequence[PublicCell]) -> CellTable:
    return CellTable(
        images=np.array([cell.image.resolve() for cell in cells], dtype=object),
        boxes=np.array([cell.box for cell in cells], dtype=np.float32),
        pixel_sizes=np.array([cell.pixel_size_um for cell in cells], dtype=np.float32),
        class_names=np.array([cell.class_name for cell in cells]),
        laboratories=np.array([cell.laboratory for cell in cells]),
        blocks=np.array([f"{cell.laboratory} {cell.block}" for cell in cells]),
        parts=np.array([cell.part for cell in cells]),
    )


def _smears(root: Path) -> Iterator[PublicCell]:
    """Yield the boxed nucleated cells of PBC."""
    for split in ("train", "val"):
        fields = sorted(coco.read(root, split=split), key=lambda field: field.provenance.image)
        for place, field in enumerate(fields):
            part = "val" if split == "val" else _part(place // _BLOCK)
            image = Path(field.provenance.image)
            for box, name in zip(field.boxes.tolist(), field.class_names.tolist(), strict=True):
                if cell_class(name).nucleated:
                    yield PublicCell(image, tuple(box), _PBC_UM, name, PBC, image.stem, part)


def _marrow(root: Path) -> Iterator[PublicCell]:
    """Yield the cells in the middle of the images from Munich."""
    for split in ("train", "val"):
        for row in read_table(root / f"{split}.csv")[1]:
            number, image = _number(row["image"]), root / "images" / row["image"]
            height, width = iio.improps(image).shape[:2]
            half = _MUNICH_SIDE_UM / _MUNICH_UM / 2
            box = (height / 2 - half, width / 2 - half, height / 2 + half, width / 2 + half)
            name = UNCLASSIFIABLE if row["class"] == "not_identifiable" else row["class"]
            part = "val" if split == "val" else _part(number // _BLOCK)
            yield PublicCell(image, box, _MUNICH_UM, name, MUNICH, f"{name} {number // _BLOCK}", part)


def _leukocytes(root: Path) -> Iterator[PublicCell]:
    """Yield the masked white cells of segmentation_WBC, of two laboratories."""
    for row in read_table(root / "labels.csv")[1]:
        laboratory, pixel_size = _LEUKOCYTES[row["source"]]
        found = CellMap.from_labels((iio.imread(root / "masks" / f"{row['image']}.png") > 0).astype(np.int32))
        if len(found) and row["class"]:
            number, name = _number(row["image"]), row["class"]
            box = tuple(found.boxes[0].tolist())
            image, part = root / "images" / f"{row['image']}.png", _part(number // _FEW)
            yield PublicCell(image, box, pixel_size, name, laboratory, str(number // _FEW), part)


def _fields(root: Path) -> Iterator[PublicCell]:
    """Yield the cells of Taleqani's fields, outlined without a network; those that the edge cuts are left out."""
    for kind, name in _STAGES.items():
        files = sorted((root / kind).glob("*.jpg"))
        for place, file in enumerate(files):
            found = CellMap.from_labels(outline_tight_cells(read_rgb(file), None))
            block, part = f"{kind} {place // _BLOCK}", _part(place // _BLOCK)
            for box in found.boxes.tolist():
                yield PublicCell(file, tuple(box), _TALEQANI_UM, name, TALEQANI, block, part)


SOURCES: Mapping[str, Callable[[Path], Iterator[PublicCell]]] = {
    "smear_detection": _smears,
    "marrow_cells": _marrow,
    "leukocytes": _leukocytes,
    "all_fields": _fields,
}
"""The sets by the name of their folder."""

LICENCES: Mapping[str, str] = {
    "smear_detection": "not stated (OI-PBC)",
    "marrow_cells": "CC BY 4.0 (Munich)",
    "leukocytes": "GPL-3 (segmentation_WBC)",
    "all_fields": "not verified (Taleqani)",
}
"""Of their images."""


def _number(name: str) -> int:
    """Return the last number in a file name."""
    return int(re.findall(r"\d+", Path(name).stem)[-1])


def _part(block: int) -> str:
    """Return 'choose' for one in seven blocks: what a photographer took one after another stays together."""
    return "choose" if block % _EVERY == _EVERY // 2 else "train"
