"""Cells of many laboratories as training crops: the look of a laboratory tells nothing of the class of its cells."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.augment import Jpeg, Light, Optics, Resolution, Stain, Tint, seeded, uniform
from napari_hemalens.training.cell_crops import ROOM, turn_crop
from napari_hemalens.training.datasets import Target

_APART_UM = (9.5, 14.0)  # from the middle of a cell to that of a neighbour
_KEPT_UM = (5.0, 7.0)  # radius of the cell in the middle that no neighbour covers
_PASTED_UM = (7.0, 9.0)  # radius of what is pasted
_HUE = 1 / 8  # of the change of saturation
_BLUR = 1.8  # pixels of the crop
_VAGUE = 0.7  # how often a name that says less than a class is drawn, against a class
_ENOUGH = 50  # cells of one name from one laboratory; fewer are drawn less often, so that none is learned by heart


class TableCrops(Dataset[tuple[Tensor, Target]]):
    """Training crops (3, side, side) uint8 with `admissible` (K,) bool: new each epoch, the same for a seed.

    A crop is drawn by laboratory, then by its name in the table, then by chance. A laboratory is drawn by what it
    would have, were all names equally common and each shared by the laboratories that have it; its names are equally
    common, else a network would learn to read the likelier classes from a laboratory's stain. A name that says less
    than a class (`Task.broader`) teaches what it says.

    Parameters
    ----------
    cells : CellTable
        The cells.
    task : Task
        Its classes.
    recipe : ClassifierTraining
        Crops and augmentation.

    Raises
    ------
    TrainingError
        If a cell has a name that the task does not know, or a class has no cell, though no laboratory is left out.
    """

    def __init__(self, cells: CellTable, task: Task, recipe: ClassifierTraining) -> None:
        self.recipe = recipe
        cells = cells.take(thinned(cells, recipe.most))
        self.admissible = admissible(cells, task)
        missing = unlearned(self.admissible, task)
        if missing and not recipe.without:
            raise TrainingError(f"No cell of the class {missing[0]} to train on.")
        self.pixels = cut_boxes(cells, recipe.crop, room=ROOM)
        self.groups = _groups(cells)
        self.often = np.cumsum(_frequencies(self.groups, task))
        self.recolour = recolouring(recipe)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one crop and its admissible classes for a draw (index, seed), of which the seed alone decides."""
        with seeded(draw[1]):
            row = self._drawn()
            crop = self.pixels[row].float() / 255
            if uniform(0, 1) < self.recipe.neighbours:
                others = [self.pixels[self._drawn()].float() / 255 for _ in range(int(torch.randint(1, 4, ())))]
                crop = surround(crop, others, pixels_um=crop.shape[-1] / (ROOM * self.recipe.crop.width))
            image = self.recolour(tv_tensors.Image(turn_crop(crop, self.recipe)))
        return image.as_subclass(Tensor), {"admissible": self.admissible[row]}

    def _drawn(self) -> int:
        rows = self.groups[int(np.searchsorted(self.often, uniform(0, self.often[-1]), side="right"))].rows
        return int(rows[int(torch.randint(len(rows), ()))])


def surround(crop: Tensor, others: Sequence[Tensor], *, pixels_um: float) -> Tensor:
    """Return a crop (3, S, S) in 0-1 in whose middle the cell stays, with other cells around it, as marrow is crowded.

    Parameters
    ----------
    crop, others : (3, S, S) float32
        Each with a cell in its middle; the others are lit as the crop is.
    pixels_um : float
        Pixels a micrometre.
    """
    side = crop.shape[-1]
    y, x = torch.meshgrid(torch.arange(side) - side / 2, torch.arange(side) - side / 2, indexing="ij")
    for other in others:
        angle, away = uniform(0, 2 * math.pi), uniform(*_APART_UM) * pixels_um
        dy, dx = round(away * math.sin(angle)), round(away * math.cos(angle))
        beyond = (torch.hypot(y, x) / pixels_um - uniform(*_KEPT_UM)).clamp(0, 1)  # 0 on the cell, 1 from 1 um beyond
        near = (uniform(*_PASTED_UM) - torch.hypot(y - dy, x - dx) / pixels_um).clamp(0, 1)
        share = beyond * near
        lit = (other.roll((dy, dx), (1, 2)) / _ground(other) * _ground(crop)).clamp(0, 1)
        crop = crop * (1 - share) + lit * share
    return crop


def _ground(image: Tensor) -> Tensor:
    """Return the colour of empty glass in an image (3, H, W): (3, 1, 1)."""
    return image[:, ::4, ::4].flatten(1).quantile(0.95, dim=1)[:, None, None].clamp(min=0.2)


def recolouring(recipe: ClassifierTraining) -> v2.Compose:
    """Return what changes stain, light, camera and lens of a float image (3, H, W) in 0-1; it becomes uint8."""
    jitter = v2.ColorJitter(recipe.colour, recipe.colour, recipe.colour, min(0.5, recipe.colour * _HUE))
    return v2.Compose(
        [
            Tint(recipe.dyes),
            v2.RandomApply([Stain(recipe.stain)], p=0.7),
            v2.RandomApply([Light(recipe.light)], p=0.4),
            jitter,
            v2.RandomApply([Resolution(recipe.resolution)], p=0.3),
            Optics(_BLUR),
            v2.ToDtype(torch.uint8, scale=True),
            v2.RandomApply([Jpeg()], p=0.2),
        ]
    )


def admissible(cells: CellTable, task: Task) -> Tensor:
    """Return the classes that each cell may be of: (N, K) bool.

    Raises
    ------
    TrainingError
        If the task does not know a name.
    """
    found = torch.zeros((len(cells), len(task.classes)), dtype=torch.bool)
    for name in np.unique(cells.class_names).tolist():
        classes = task.admissible(name)
        if not classes:
            known = ", ".join((*task.classes, *task.broader))
            raise TrainingError(f"Cells of the class {name!r}; the task {task.name} knows {known}.")
        found[torch.from_numpy(np.flatnonzero(cells.class_names == name))[:, None], torch.tensor(classes)] = True
    return found


def unlearned(admissible: Tensor, task: Task) -> tuple[str, ...]:
    """Return the classes that no cell (N, K) has for certain."""
    certain = admissible[admissible.sum(dim=1) == 1].any(dim=0).tolist()
    return tuple(name for name, known in zip(task.classes, certain, strict=True) if not known)


def thinned(cells: CellTable, most: int) -> NDArray[np.int64]:
    """Return the rows of the table, at most so many of each name from one laboratory, evenly spread."""
    kept = [
        of.rows[np.linspace(0, len(of.rows) - 1, min(most, len(of.rows))).round().astype(np.int64)]
        for of in _groups(cells)
    ]
    return np.sort(np.concatenate(kept))


def shares_drawn(cells: CellTable, task: Task) -> Tensor:
    """Return how often a training crop is of each class, among those whose name is one class: (K,), adding up to 1."""
    groups, found = _groups(cells), torch.zeros(len(task.classes))
    for of, often in zip(groups, _frequencies(groups, task).tolist(), strict=True):
        classes = task.admissible(of.name)
        if len(classes) == 1:
            found[classes[0]] += often
    return found / found.sum()


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The rows (n,) int64 of the cells of one name from one laboratory."""

    name: str
    laboratory: str
    rows: NDArray[np.int64]


def _groups(cells: CellTable) -> list[_Group]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (name, laboratory) in enumerate(zip(cells.class_names, cells.laboratories, strict=True)):
        found[str(name), str(laboratory)].append(row)
    return [_Group(*of, np.array(rows)) for of, rows in sorted(found.items())]


def _frequencies(groups: Sequence[_Group], task: Task) -> NDArray[np.float64]:
    """Return how often a cell of each group is drawn; see `TableCrops`. They add up to 1."""
    names, of_name = np.unique([of.name for of in groups], return_inverse=True)
    _, of_laboratory = np.unique([of.laboratory for of in groups], return_inverse=True)
    weight = np.array([min(1.0, len(of.rows) / _ENOUGH) for of in groups])
    common = np.array([_VAGUE if name in task.broader else 1.0 for name in names])
    share = (common / np.bincount(of_name, weight))[of_name] * weight  # of a name, by laboratory
    shares = np.bincount(of_laboratory, share) / share.sum()
    frequencies: NDArray[np.float64] = (shares / np.bincount(of_laboratory, weight))[of_laboratory] * weight
    return frequencies
