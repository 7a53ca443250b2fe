"""Sets of single cells and of whole fields with a class, made of public images that name fields, boxes or masks.

What is written is what `formats.named_cells` reads: `images/`, `labels/`, `train.csv`, `val.csv`. Cells are outlined
without a network, all by the same rule, so that no outline gives away which set a cell is from. A field is a cell that
fills its image.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import coco
from napari_hemalens.formats.tables import read_table
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.tasks import task
from napari_hemalens.segmentation.labels import relabel_pieces
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.open import open_image

_BLOCK = 20  # images of one kind that follow each other, and may be of one slide
_HELD_BACK = 5  # one in so many images of a set without parts of its own
_RIM = 0.12  # nucleus diameters of cytoplasm that an outline takes in: a lymphoblast has little more
_ROUND = 0.75  # area over that of the box's ellipse, below which nuclei in a clump are no single cell
_SMEAR_UM = 0.11  # pixel size of smear_detection
_TYPES = {"band_neutrophil": "neutrophil", "segmented_neutrophil": "neutrophil"}
_FIELDS = {"benign": "normal", "early": "blast", "pre": "blast", "pro": "blast"}
FIELDS, CELLS = "fields", "cells"  # folders of what is prepared for the task field


@dataclass(frozen=True, slots=True, eq=False)
class _Outlined:
    """An image (H, W, 3), the labels of its cells (H, W), the class of each, its part and the set it belongs to."""

    name: str
    rgb: NDArray[np.uint8]
    labels: NDArray[np.int32]
    classes: Mapping[int, str]
    split: str
    of_set: str = "."


def prepare_steps(task_name: str, data: str | Path, out: str | Path) -> Steps[Mapping[str, int]]:
    """Make the training cells, or fields, of a task; returns how many there are of each part and class.

    Parameters
    ----------
    task_name : str
        'all': every cell of `all_fields` (benign: normal; early, pre, pro: blast), and healthy cells of `leukocytes`
        and `smear_detection` among the normal ones. 'leukocyte': five types, of `leukocytes` and `smear_detection`.
        'field': two sets of `all_fields` with its four classes and the same images held back, `fields` and the single
        `cells` cut from them.
    data : path
        Folder that holds these three.
    out : path
        Folder for the cells; made if missing.

    Raises
    ------
    AnnotationError
        If the task is unknown or has no such set, or a folder is not there.
    """
    root, folder = Path(data), Path(out)
    rows: dict[tuple[str, str], list[tuple[str, int, str]]] = defaultdict(list)
    for done, outlined in enumerate(_sources(task_name, root), start=1):
        if outlined.classes:
            _write(outlined, folder / outlined.of_set)
        named = rows[outlined.of_set, outlined.split]
        named += [(outlined.name, cell, name) for cell, name in outlined.classes.items()]
        yield Progress(done, 0, outlined.name)
    for (of_set, split), named in rows.items():
        blocks = number_blocks([image for image, _, _ in named], split)
        lines = [(image, cell, name, blocks[image]) for image, cell, name in named]
        with writing(folder / of_set / f"{split}.csv") as file, file.open("w", newline="", encoding="utf-8") as table:
            csv.writer(table).writerows([("image", "cell", "class", "block"), *lines])
    return Counter(
        f"{split} {name}" if of_set == "." else f"{of_set}, {split} {name}"
        for (of_set, split), named in rows.items()
        for _, _, name in named
    )


def number_blocks(images: Sequence[str], split: str) -> dict[str, str]:
    """Return the block of each image, by name: 20 that follow each other, or a fifth of few, are taken for one slide.

    Images are of one kind where what stands before the first hyphen of their names is the same.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for image in dict.fromkeys(images):
        kinds[image.partition("-")[0]].append(image)
    sizes = {kind: max(1, min(_BLOCK, len(of_kind) // _HELD_BACK)) for kind, of_kind in kinds.items()}
    return {
        image: f"{kind} {split} {k // sizes[kind] + 1}"
        for kind, of_kind in kinds.items()
        for k, image in enumerate(of_kind)
    }


def _write(outlined: _Outlined, folder: Path) -> None:
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    iio.imwrite(folder / "images" / f"{outlined.name}.png", outlined.rgb)
    tifffile.imwrite(folder / "labels" / f"{outlined.name}.tif", outlined.labels, compression="zlib")


def _sources(task_name: str, root: Path) -> Iterator[_Outlined]:
    if task_name == "leukocyte":
        types = task(task_name).classes
        yield from _leukocytes(root / "leukocytes", {name: name for name in types}, split=_every_fifth)
        yield from _smears(root / "smear_detection", {name: name for name in types} | _TYPES)
    elif task_name == "field":
        for cells in _fields(root / "all_fields", {kind: kind for kind in _FIELDS}, of_set=CELLS):
            whole = np.ones_like(cells.labels)
            kind, _, _ = cells.name.partition("-")
            yield replace(cells, labels=whole, classes={1: kind}, of_set=FIELDS)
            yield cells
    elif task_name == "all":
        yield from _fields(root / "all_fields", _FIELDS)
        healthy = dict.fromkeys((*task("leukocyte").classes, *_TYPES, "erythroblast"), "normal")
        yield from _leukocytes(root / "leukocytes", healthy, split=_last_fifth, tight=True)
        yield from _smears(root / "smear_detection", healthy, every=2, tight=True)
    else:
        raise AnnotationError(
            f"Cells are prepared for the tasks all, leukocyte, nucleated, plasma and field; got {task_name!r}."
        )


def _fields(root: Path, names: Mapping[str, str], *, of_set: str = ".") -> Iterator[_Outlined]:
    """Yield fields that have one class for all their cells."""
    for kind, name in names.items():
        files = sorted((root / kind).glob("*.jpg"))
        if not files:
            raise AnnotationError(f"{root / kind} holds no .jpg image.")
        for file, split in zip(files, _last_fifth(len(files)), strict=True):
            rgb = _pixels(file)
            cells = outline_tight_cells(rgb, None)
            yield _Outlined(f"{kind}-{file.stem}", rgb, cells, dict.fromkeys(_numbers(cells), name), split, of_set)


def _leukocytes(
    root: Path, names: Mapping[str, str], *, split: Callable[[int], Sequence[str]], tight: bool = False
) -> Iterator[_Outlined]:
    """Yield single white cells with a mask of cytoplasm (1) and nucleus (2)."""
    _, rows = read_table(root / "labels.csv")
    for row, part in zip(rows, split(len(rows)), strict=True):
        mask = iio.imread(root / "masks" / f"{row['image']}.png")
        cell = (add_rim(mask == 2) if tight else mask > 0).astype(np.int32)
        classes = {1: names[row["class"]]} if row["class"] in names and cell.any() else {}
        rgb = _pixels(root / "images" / f"{row['image']}.png")
        yield _Outlined(f"leukocyte-{row['image']}", rgb, cell, classes, part)


def _smears(root: Path, names: Mapping[str, str], *, every: int = 1, tight: bool = False) -> Iterator[_Outlined]:
    """Yield the surroundings of boxed cells; a cell whose outline does not fill its box is left out."""
    for split, step in (("train", every), ("val", 1)):
        fields = [field for field in coco.read(root, split=split) if _wanted(field, names)]
        for field in fields[::step]:
            rgb = _pixels(Path(field.provenance.image))
            for k in _wanted(field, names):
                y0, x0, y1, x1 = field.boxes[k].round().astype(int)
                margin = (y1 - y0 + x1 - x0) // 3
                top, left = max(0, y0 - margin), max(0, x0 - margin)
                part = rgb[top : y1 + margin, left : x1 + margin]
                cell = outline_boxed_cell(part, (y0 - top, x0 - left, y1 - top, x1 - left), tight=tight)
                classes = {1: names[field.names[int(field.classes[k])]]} if cell.any() else {}
                yield _Outlined(f"{split}-{Path(field.provenance.image).stem}-{k}", part, cell, classes, split)


def outline_tight_cells(rgb: NDArray[np.uint8], pixel_size_um: float | None) -> NDArray[np.int32]:
    """Return the nuclei of a stained image (H, W, 3), each with a rim of cytoplasm; none that the edge cuts.

    Pale red cells in clumps pass for cytoplasm, nuclei do not. A nucleus of lobes that are not joined is left out.
    """
    nuclei = _segmented(rgb, pixel_size_um)[1]
    cells = CellMap.from_labels(relabel_pieces(nuclei))
    if not len(cells):
        return np.zeros(rgb.shape[:2], dtype=np.int32)
    y0, x0, y1, x1 = cells.boxes.T
    filled = cells.areas / (np.pi / 4 * (y1 - y0) * (x1 - x0))
    usual = np.median(cells.areas)
    good = (filled > _ROUND) & (cells.areas > usual / 2.5) & (cells.areas < 3 * usual) & ~cells.at_border
    seeds = np.where(np.isin(cells.labels, cells.ids[good]), cells.labels, 0)
    away, (row, column) = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    rim = _RIM * float(np.median(cells.diameters))
    grown: NDArray[np.int32] = np.where(away <= rim, seeds[row, column], 0).astype(np.int32)
    return grown


def add_rim(nucleus: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of a nucleus with a rim of cytoplasm."""
    rim = _RIM * 2 * np.sqrt(nucleus.sum() / np.pi)
    grown: NDArray[np.bool_] = ndimage.distance_transform_edt(~nucleus) <= rim if nucleus.any() else nucleus
    return grown


def outline_boxed_cell(rgb: NDArray[np.uint8], box: tuple[int, int, int, int], *, tight: bool) -> NDArray[np.int32]:
    """Return the cell (H, W), 1 where it is, that fills a box best; all 0 where none fills two thirds of it."""
    y0, x0, y1, x1 = box
    half = np.asarray(Image.fromarray(rgb).reduce(2))  # a quarter of the time, and as good an outline
    cells, nuclei = (_doubled(found, rgb.shape[:2]) for found in _segmented(half, 2 * _SMEAR_UM))
    inside = np.bincount(cells[y0:y1, x0:x1].ravel(), minlength=2)
    inside[0] = 0
    best = int(inside.argmax())
    mask = cells == best
    of_box = np.pi / 4 * (y1 - y0) * (x1 - x0)
    if not inside[best] or not (2 / 3 < mask.sum() / of_box < 1.4):
        return np.zeros(cells.shape, dtype=np.int32)
    return (add_rim(nuclei == best) if tight else mask).astype(np.int32)


def _segmented(rgb: NDArray[np.uint8], pixel_size_um: float | None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    recipe = SegmentationRecipe(kind="smear", pixel_size_um=pixel_size_um)
    found = finish(segment_steps(from_array(rgb, axes="YXC"), recipe))
    return found.labels, found.labels if found.nuclei is None else found.nuclei


def _doubled(labels: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    return labels.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]


def _wanted(field: Detections, names: Mapping[str, str]) -> list[int]:
    return [k for k, c in enumerate(field.classes.tolist()) if field.names[c] in names]


def _last_fifth(number: int) -> Sequence[str]:
    """Hold back the last files: a photographer took neighbours one after another."""
    return ["train" if k < (1 - 1 / _HELD_BACK) * number else "val" for k in range(number)]


def _every_fifth(number: int) -> Sequence[str]:
    """Hold back files of the beginning and of the end, which are of two laboratories; each shows another cell."""
    return ["val" if k % _HELD_BACK == _HELD_BACK - 1 else "train" for k in range(number)]


def _numbers(labels: NDArray[np.int32]) -> list[int]:
    return [int(number) for number in np.unique(labels) if number]


def _pixels(file: Path) -> NDArray[np.uint8]:
    with open_image(file) as slide:
        return slide.read(0, 0, *slide.shape)
