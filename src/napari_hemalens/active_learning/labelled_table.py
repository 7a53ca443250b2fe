"""The labels of a project as a table of cells by box, split for training."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.projects.decisions import Decision
from napari_hemalens.projects.document import ImageEntry
from napari_hemalens.projects.project import Project
from napari_hemalens.records.taught_cells import TaughtImage

LEAST = 3
"""Labels to train on below which a class is left out."""

_HELD_OUT = 5  # one image, or block of the only one, in so many is held out to calibrate by
_ACROSS = 4  # blocks of an image along a side
_TEST = "val"
"""Part of the random cells: nothing is trained on them."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTable:
    """Labelled cells by box.

    Attributes
    ----------
    cells : CellTable
        Parts 'train', 'choose' (held out to calibrate by) and 'val' (the random cells).
    classes : tuple of str
        Those that can be trained.
    notes : tuple of str
        What is not as one might expect, a sentence each.
    """

    cells: CellTable
    classes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits made of the cells that are trained on, and of their classes."""
        chosen = self.cells.take(self.cells.parts != _TEST)
        said = [f"{n}:{b.tolist()}:{p}" for n, b, p in zip(chosen.class_names, chosen.boxes, chosen.parts, strict=True)]
        return hashlib.blake2b("|".join(said).encode(), digest_size=4).hexdigest()


def labelled_table(project: Project, crop: CropRecipe) -> LabelledTable:
    """Return the labels of a project whose images are there.

    Training and held-out cells are split by image; of a single image by its blocks, which share its stain, so that
    calibration looks better than it is. Random cells are a part of their own, whatever image they are of.

    Parameters
    ----------
    project : Project
        Open.
    crop : CropRecipe
        Of the network: an image of one cell without a pixel size is as wide as its crop.

    Raises
    ------
    TrainingError
        If fewer than two classes can be trained.
    """
    notes: list[str] = []
    images = {each.fingerprint: each for each in project.images}
    paths = {fingerprint: each.located(project.folder) for fingerprint, each in images.items()}
    labels = list(project.decisions.labels.values())
    there = [each for each in labels if paths.get(each.image) is not None]
    if len(there) < len(labels):
        notes.append(f"{len(labels) - len(there):,} labels are of images that are no files, or not found: left out.")
    names = {each.id: each.name for each in project.classes}
    counts = Counter(names[each.class_id] for each in there if not each.test)
    few = {name: counts[name] for name in names.values() if 0 < counts[name] < LEAST}
    notes += [
        f"{name!r} is left out: it has {count} of the {LEAST} labels that it needs." for name, count in few.items()
    ]
    classes = tuple(name for name in names.values() if counts[name] >= LEAST)
    if len(classes) < 2:
        raise TrainingError(f"Training takes two classes with {LEAST} labels each, random cells aside; label more.")
    chosen = [each for each in there if names[each.class_id] in classes]
    parts = _parts([each for each in chosen if not each.test], images, notes)
    return LabelledTable(
        CellTable(
            images=np.array([paths[each.image] for each in chosen], dtype=object),
            boxes=np.array([each.box for each in chosen], dtype=np.float32).reshape(-1, 4),
            pixel_sizes=np.array([pixel_size_of(images[each.image], crop) for each in chosen], dtype=np.float32),
            class_names=np.array([names[each.class_id] for each in chosen]),
            laboratories=np.full(len(chosen), project.folder.resolve().name),
            blocks=np.array([each.image for each in chosen]),
            parts=np.array([_TEST if each.test else parts[each.cell] for each in chosen]),
        ),
        classes,
        tuple(notes),
    )


def _parts(cells: list[Decision], images: dict[str, ImageEntry], notes: list[str]) -> dict[str, str]:
    """Return the part of each cell to train on, by its id."""
    groups = {each.cell: each.image for each in cells}
    if len(set(groups.values())) == 1:
        shape = images[cells[0].image].shape
        groups = {each.cell: _block_of(each, shape) for each in cells}
        notes.append("All labels are of one image: blocks of it are held out, which look more alike than other images.")
    drawn = sorted(set(groups.values()), key=lambda group: hashlib.blake2b(group.encode()).digest())
    held_out = set(drawn[: max(1, round(len(drawn) / _HELD_OUT))]) if len(drawn) > 1 else set()
    classes = {each.cell: each.class_id for each in cells}
    for group in sorted(held_out):  # every class is trained on
        left = {classes[cell] for cell, of in groups.items() if of not in held_out}
        if not {classes[cell] for cell, of in groups.items() if of == group} <= left:
            held_out.remove(group)
    if not held_out:  # too few groups to hold one out
        notes.append("Too few images hold every class: cells are held out one by one, which look more alike.")
        return _by_cell(classes)
    return {cell: "choose" if of in held_out else "train" for cell, of in groups.items()}


def _by_cell(classes: dict[str, str]) -> dict[str, str]:
    """Hold out a fifth of the cells of each class, but for two."""
    found = dict.fromkeys(classes, "train")
    for kind in set(classes.values()):
        cells = sorted(cell for cell, of in classes.items() if of == kind)
        for cell in cells[: max(1, len(cells) // _HELD_OUT)]:
            found[cell] = "choose"
    return found


def _block_of(cell: Decision, shape: tuple[int, int]) -> str:
    y, x = (cell.box[0] + cell.box[2]) / 2, (cell.box[1] + cell.box[3]) / 2
    return f"{int(_ACROSS * y / shape[0])} {int(_ACROSS * x / shape[1])}"


def pixel_size_of(image: ImageEntry | TaughtImage, crop: CropRecipe) -> float:
    """Return micrometres a pixel; an image of one cell that does not say its own is as wide as a network's crop."""
    return crop.width / max(image.shape) if image.pixel_size_um is None else image.pixel_size_um
