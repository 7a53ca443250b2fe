"""Corrections are training data: results that a person looked through become a set to train on."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats import cell_table, coco
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.images import IMAGE_SUFFIXES, PICTURE_SUFFIXES
from napari_hemalens.formats.naming import file_stems, typed
from napari_hemalens.formats.results import ClassifiedImage, DetectedImage, read_results
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.records.tasks import OWN
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.workflows.collected_images import copy_image

HELD_OUT = 5
"""One image in so many is held out to choose by and to measure on."""

_BOXES, _CELLS, _LABELS = "boxes", "cells", "labels"  # folders of a set


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
    detected = {(each.image.resolve(), each.cells.provenance.frame): each for of in found for each in of.detected}
    classified = {(each.image.resolve(), each.frame): each for of in found for each in of.classified}
    fields = [each for each in detected.values() if everything or each.corrected]
    outlined = [each for each in classified.values() if everything or each.given.any()]
    if not fields and not outlined:
        looked = "Nobody corrected or confirmed anything in these results: there is nothing to collect."
        unseen = made.notes and not (detected or classified)  # of images that are not there nothing is known
        raise AnnotationError(
            " ".join((*made.notes, "There is nothing to collect.") if unseen else (looked, *made.notes))
        )
    total = len(fields) + len(outlined)
    try:
        boxes, cells = yield from _collect_boxes(fields, made, total)
        labels = yield from _collect_labels(outlined, made, len(fields), total)
    except BaseException:  # stopped, too: part of a set is none, and would be in the way of the same command
        for part in (_BOXES, _CELLS, _LABELS):
            shutil.rmtree(target / part, ignore_errors=True)
        raise
    if boxes is None and labels is None:
        raise AnnotationError(" ".join((*made.notes, "There is nothing to collect.")))
    counts = dict(sorted(made.counts.items()))
    return Collected(boxes, cells, labels, total, counts, tuple(made.notes), tuple(made.commands))


def held_out(images: Sequence[Path], notes: list[str]) -> list[bool]:
    """Return which images are held out: a fifth, by content, so that images that are added move no other.

    Those of one content, such as the frames of a file, are all held out or none of them.
    """
    drawn = [int.from_bytes(_digest(image)) for image in images]
    contents = set(drawn)
    if len(contents) == 1:
        notes.append(f"{images[0].name} is the only image: nothing is held out to measure on. Correct another one.")
        return [False] * len(images)
    chosen = {number for number in contents if number % HELD_OUT == 0}
    if contents and not chosen:
        chosen = {min(contents)}
    if contents and chosen == contents:
        chosen -= {max(contents)}
    return [number in chosen for number in drawn]


def _collect_boxes(images: Sequence[DetectedImage], made: _Set, total: int) -> Steps[tuple[Path | None, Path | None]]:
    folder = made.out / _BOXES
    copied: list[DetectedImage] = []
    contents = list[Path]()
    stems = file_stems([each.cells.provenance.title for each in images])
    for done, (each, stem) in enumerate(zip(images, stems, strict=True), start=1):
        try:
            place, content = copy_image(
                each.image,
                folder / "images" / stem.replace("/", "-"),
                each.cells.provenance.frame,
                partial(choose_colours, channel=each.channel),
                kept=PICTURE_SUFFIXES if each.channel in (None, "rgb") else (),
            )
        except ImageError as error:
            made.notes.append(str(error))
            continue
        provenance = replace(each.cells.provenance, image=str(place), frame="")
        contents.append(content)
        copied.append(replace(each, cells=replace(each.cells, provenance=provenance)))
        yield Progress(done, total, f"{each.image.name}: {counted(len(each.cells), 'cell')}")
    out = held_out(contents, made.notes)
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
    folder = made.out / _CELLS
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
    folder = made.out / _LABELS
    copied: list[tuple[str, ClassifiedImage]] = []
    contents = list[Path]()
    stems = file_stems([f"{each.image} [{each.frame}]" if each.frame else str(each.image) for each in images])
    for done, (each, stem) in enumerate(zip(images, stems, strict=True), start=before + 1):
        name = stem.replace("/", "-")
        look = partial(choose_channel, channel=each.channel)
        kept = IMAGE_SUFFIXES if each.channel is None else ()  # training has nobody to choose one
        try:
            place = folder / "images" / name
            _, content = copy_image(each.image, place, each.frame, look, kept=kept, suffix=".tif")
        except ImageError as error:
            made.notes.append(str(error))
            continue
        with writing(folder / "labels" / f"{name}{each.labels.suffix}") as temporary:
            shutil.copyfile(each.labels, temporary)
        contents.append(content)
        copied.append((name, each))
        yield Progress(done, total, f"{each.image.name}: {counted(_kept(each, made).sum(), 'cell')}")
    _write_classes(copied, held_out(contents, made.notes), made)
    return folder if copied else None


def _kept(image: ClassifiedImage, made: _Set) -> NDArray[np.bool_]:
    """Return which cells of an image are taken."""
    return np.ones(len(image.ids), dtype=bool) if made.everything else image.given


def _write_classes(images: Sequence[tuple[str, ClassifiedImage]], out: Sequence[bool], made: _Set) -> None:
    """Write the classes of labelled cells as tables, one a part."""
    folder = made.out / _LABELS
    rows: dict[str, list[tuple[str, int, str]]] = {"train": [], "val": []}
    for (name, each), held in zip(images, out, strict=True):
        keep = _kept(each, made)
        cells = list(zip(each.ids[keep].tolist(), each.class_names[keep].tolist(), strict=True))
        rows["val" if held else "train"] += [(name, number, kind) for number, kind in cells]
        made.count([kind for _, kind in cells])
    for part, of in rows.items():
        if of:
            write_csv(folder / f"{part}.csv", ("image", "cell", "class"), of)
    tasks = {each.task for _, each in images}
    if rows["val"] and len({kind for _, _, kind in rows["train"]}) > 1 and len(tasks) == 1:
        made.train(f"classification --task {tasks.pop()}", folder, "classifier-of-labels")


def _digest(image: Path) -> bytes:
    with image.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
