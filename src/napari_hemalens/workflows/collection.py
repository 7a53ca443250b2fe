"""Corrections are training data: results that a person looked through become a set to train on."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats import cell_table, coco
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.images import PICTURE_SUFFIXES
from napari_hemalens.formats.naming import file_stems, typed
from napari_hemalens.formats.results import ClassifiedImage, DetectedImage, read_results
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.records.tasks import OWN
from napari_hemalens.slides.open import open_image

HELD_OUT = 5
"""One image in so many is held out to choose by and to measure on."""

_LARGEST = 100_000_000  # pixels of an image that can be written as a picture


@dataclass(frozen=True, slots=True)
class Collected:
    """What a training set holds.

    Attributes
    ----------
    boxes, cells, labels : Path or None
        Folders for `train detection`, and for `train classification` by box and by label; None: there was nothing.
    images : int
        Images in all.
    counts : dict of str to int
        Named cells by class.
    notes : tuple of str
        What is not in it, and why, a sentence each.
    commands : tuple of str
        What trains on it, as it is typed; none for a part of which nothing is held out or a class is not trained on.
    """

    boxes: Path | None
    cells: Path | None
    labels: Path | None
    images: int
    counts: dict[str, int]
    notes: tuple[str, ...]
    commands: tuple[str, ...] = ()


@dataclass(slots=True)
class _Set:
    """A set as it grows."""

    out: Path
    everything: bool
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def train(self, what: str, data: Path, to: str) -> None:
        """Note what trains on a folder of the set."""
        self.commands.append(f"hemalens train {what} --data {typed(data)} --out {typed(self.out / to)}")

    def count(self, names: Sequence[str]) -> None:
        for name in names:
            self.counts[name] = self.counts.get(name, 0) + 1


def collect_steps(results: Sequence[str | Path], out: str | Path, *, everything: bool = False) -> Steps[Collected]:
    """Make a training set of folders of results; yields after every image.

    Of detected cells, images in which a person corrected something are taken with all their boxes, since what has no
    box is learned as background; of classes, those that a person gave or confirmed.

    Parameters
    ----------
    results : sequence of path
        Folders that *Detect cells* and *Classify cells*, or their commands, have written. Of an image that is in
        several, the last counts.
    out : path
        New or empty folder: `boxes/` (COCO) for `hemalens train detection`, `cells/` (a table of cells by box) and
        `labels/` (label images) for `hemalens train classification`, each split by image.
    everything : bool
        Take also images and classes that nobody looked at.

    Raises
    ------
    AnnotationError
        If a folder holds no results, nothing is left to collect, or `out` is not empty.
    """
    target = Path(out)
    if target.exists() and any(target.iterdir()):
        raise AnnotationError(f"{target} is not empty: a training set needs a folder of its own.")
    found = [read_results(folder) for folder in results]
    made = _Set(target, everything, [note for each in found for note in each.missing])
    detected = {each.image.resolve(): each for result in found for each in result.detected}
    classified = {each.image.resolve(): each for result in found for each in result.classified}
    fields = [each for each in detected.values() if everything or each.corrected]
    outlined = [each for each in classified.values() if everything or each.given.any()]
    if not fields and not outlined:
        looked = "Nobody corrected or confirmed anything in these results: there is nothing to collect."
        unseen = made.notes and not (detected or classified)  # of images that are not there nothing is known
        raise AnnotationError(
            " ".join((*made.notes, "There is nothing to collect.") if unseen else (looked, *made.notes))
        )
    total = len(fields) + len(outlined)
    boxes, cells = yield from _collect_boxes(fields, made, total)
    labels = yield from _collect_labels(outlined, made, len(fields), total)
    counts = dict(sorted(made.counts.items()))
    return Collected(boxes, cells, labels, total, counts, tuple(made.notes), tuple(made.commands))


def held_out(images: Sequence[Path], notes: list[str]) -> list[bool]:
    """Return which images are held out: a fifth, by content, so that images that are added move no other."""
    drawn = [int.from_bytes(_digest(image)) for image in images]
    chosen = [number % HELD_OUT == 0 for number in drawn]
    if len(images) == 1:
        notes.append(f"{images[0].name} is the only image: nothing is held out to measure on. Correct another one.")
        return [False]
    if images and not any(chosen):
        chosen[drawn.index(min(drawn))] = True
    if images and all(chosen):
        chosen[drawn.index(max(drawn))] = False
    return chosen


def _collect_boxes(images: Sequence[DetectedImage], made: _Set, total: int) -> Steps[tuple[Path | None, Path | None]]:
    folder = made.out / "boxes"
    copied: list[DetectedImage] = []
    stems = file_stems([str(each.image) for each in images])
    for done, (each, stem) in enumerate(zip(images, stems, strict=True), start=1):
        try:
            place = _copy_picture(each.image, folder / "images" / stem.replace("/", "-"))
        except ImageError as error:
            made.notes.append(str(error))
            continue
        provenance = replace(each.cells.provenance, image=str(place))
        copied.append(replace(each, cells=replace(each.cells, provenance=provenance)))
        yield Progress(done, total, f"{each.image.name}: {counted(len(each.cells), 'cell')}")
    out = held_out([each.image for each in copied], made.notes)
    for part, wanted in (("train", False), ("val", True)):
        fields = [each.cells for each, held in zip(copied, out, strict=True) if held == wanted]
        if fields:
            coco.write(fields, folder / f"{part}.json")
    if any(out):
        made.train("detection", folder, "detector")
    named = _write_table(copied, out, made)
    return (folder if copied else None), named


def _write_table(images: Sequence[DetectedImage], out: Sequence[bool], made: _Set) -> Path | None:
    """Write the named cells of images as a table of cells by box."""
    folder = made.out / "cells"
    tables = []
    for each, held in zip(images, out, strict=True):
        size = each.cells.provenance.pixel_size_um
        named = each.cells if made.everything else each.cells.take(each.cells.named)
        if size is None and len(named):
            made.notes.append(f"{each.image.name} has no pixel size: its cells are not in the table of cells by box.")
        if size is None or not len(named):
            continue
        name = f"../boxes/images/{Path(each.cells.provenance.image).name}"
        made.count(named.class_names.tolist())
        tables.append(
            CellTable(
                images=np.full(len(named), name, dtype=object),
                boxes=named.boxes,
                pixel_sizes=np.full(len(named), size, dtype=np.float32),
                class_names=named.class_names,
                laboratories=np.full(len(named), ""),
                blocks=np.full(len(named), name),
                parts=np.full(len(named), "choose" if held else "train"),
            )
        )
    if not tables:
        return None
    table = CellTable.join(tables)
    cell_table.write(table, folder / "cells.csv")
    trained = {*table.class_names[table.parts == "train"]}
    if len(trained) > 1 and trained == {*table.class_names} and (table.parts == "choose").any():
        made.train(f"classification --task {OWN}", folder, "classifier")
    return folder


def _collect_labels(images: Sequence[ClassifiedImage], made: _Set, before: int, total: int) -> Steps[Path | None]:
    folder = made.out / "labels"
    stems = file_stems([str(each.image) for each in images])
    out = held_out([each.image for each in images], made.notes)
    rows: dict[str, list[tuple[str, int, str]]] = {"train": [], "val": []}
    for done, (each, stem, held) in enumerate(zip(images, stems, out, strict=True), start=before + 1):
        name = stem.replace("/", "-")
        for kind, source in (("images", each.image), ("labels", each.labels)):
            with writing(folder / kind / f"{name}{source.suffix}") as temporary:
                shutil.copyfile(source, temporary)
        keep = np.ones(len(each.ids), dtype=bool) if made.everything else each.given
        cells = list(zip(each.ids[keep].tolist(), each.class_names[keep].tolist(), strict=True))
        rows["val" if held else "train"] += [(name, number, kind) for number, kind in cells]
        made.count([kind for _, kind in cells])
        yield Progress(done, total, f"{each.image.name}: {counted(len(cells), 'cell')}")
    for part, of in rows.items():
        if of:
            write_csv(folder / f"{part}.csv", ("image", "cell", "class"), of)
    tasks = {each.task for each in images}
    if rows["val"] and len({kind for _, _, kind in rows["train"]}) > 1 and len(tasks) == 1:
        made.train(f"classification --task {tasks.pop()}", folder, "classifier-of-labels")
    return folder if images else None


def _copy_picture(image: Path, stem: Path) -> Path:
    """Copy an image as a picture that training reads; return where it is."""
    if image.suffix.lower() in PICTURE_SUFFIXES:
        target = stem.with_name(stem.name + image.suffix)
        with writing(target) as temporary:
            shutil.copyfile(image, temporary)
        return target
    target = stem.with_name(stem.name + ".png")
    with open_image(image) as slide:
        height, width = slide.shape
        if height * width > _LARGEST:
            raise ImageError(
                f"{image.name} is too large to train on whole ({height} x {width} pixels): it is left out."
            )
        pixels = slide.read(0, 0, height, width)
    with writing(target) as temporary:
        Image.fromarray(pixels).save(temporary)
    return target


def _digest(image: Path) -> bytes:
    with image.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
