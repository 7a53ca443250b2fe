"""Labelled cells as training crops: cut once with room to turn, then augmented anew for each draw."""

import math
from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.inference.labelled_crops import cut, labels_of, marks
from napari_hemalens.training.augment import blurred, seeded, uniform
from napari_hemalens.training.datasets import Target

ROOM = 1.5  # a crop is cut so much wider than it is seen, for corners to turn in from


class CellCrops(Dataset[tuple[Tensor, Target]]):
    """Training crops (channels, side, side) uint8 with `labels` (1,) int64: new each epoch, the same for a seed.

    With `recipe.point`, `marks` (side, side) bool say where what is looked for lies.

    With `recipe.balance`, every class is drawn as often as any other, whatever its number of cells: the rare one is
    repeated, turned and lit anew, the common one sampled down.

    Parameters
    ----------
    fields : sequence of NamedCells
        The cells.
    classes : sequence of str
        Their classes, in the order of the network's outputs.
    recipe : ClassifierTraining
        Crops and augmentation.
    """

    def __init__(self, fields: Sequence[NamedCells], classes: Sequence[str], recipe: ClassifierTraining) -> None:
        if not fields:
            raise TrainingError("No cell to train on.")
        self.recipe = recipe
        self.light = recipe.crop.channels - (2 if recipe.crop.neighbours == "masks" else 0)  # the others are masks
        self.pixels = torch.cat([cut(field, recipe.crop, room=ROOM) for field in fields])
        if recipe.point:
            marked = torch.cat([marks(field, recipe.crop, room=ROOM) for field in fields])
            self.pixels = torch.cat([self.pixels, marked], dim=1)
        self.labels = labels_of(fields, classes)
        self.by_class = [np.flatnonzero(self.labels == k) for k in range(len(classes))]
        empty = [name for name, cells in zip(classes, self.by_class, strict=True) if not len(cells)]
        if empty:
            raise TrainingError(f"No cell of the class {empty[0]} to train on.")

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return some of the cells by their place (n,), each class among them as before."""
        taken = copy(self)
        taken.pixels, taken.labels = self.pixels[rows], self.labels[rows]
        taken.by_class = [np.flatnonzero(taken.labels == k) for k in range(len(self.by_class))]
        return taken

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one crop and its label for a draw (index, seed), which fixes every random choice."""
        index, seed = draw
        with seeded(seed):
            if self.recipe.balance:
                of_class = self.by_class[index % len(self.by_class)]
                index = int(of_class[int(torch.randint(len(of_class), ()))])
            image = turn_crop(self.pixels[index].float() / 255, self.recipe)
            image = torch.cat([relight(image[: self.light], self.recipe), image[self.light :]])
        target = {"labels": torch.tensor([self.labels[index]])}
        if self.recipe.point:
            image, target["marks"] = image[:-1], image[-1] > 0.5
        return (image.clamp(0, 1) * 255).round().to(torch.uint8), target


def turn_crop(image: Tensor, recipe: ClassifierTraining) -> Tensor:
    """Return a crop (C, side, side), turned, flipped either way, scaled and shifted, from one with room (C, S, S)."""
    turn = math.radians(recipe.turn)
    angle, zoom = uniform(-turn, turn), recipe.zoom ** uniform(-1, 1)
    flip = 1.0 if uniform(0, 1) < 0.5 else -1.0
    angle += math.pi if uniform(0, 1) < 0.5 else 0.0  # with the flip, one upside down
    sine, cosine = math.sin(angle) / (ROOM * zoom), math.cos(angle) / (ROOM * zoom)
    shift = [uniform(-recipe.shift, recipe.shift) for _ in "xy"]
    matrix = torch.tensor([[cosine * flip, -sine, shift[0]], [sine * flip, cosine, shift[1]]])
    size = [1, len(image), recipe.crop.side, recipe.crop.side]
    grid = functional.affine_grid(matrix[None], size, align_corners=False)
    return functional.grid_sample(image[None], grid, padding_mode="border", align_corners=False)[0]


def relight(image: Tensor, recipe: ClassifierTraining) -> Tensor:
    """Return a crop (C, h, w) in 0-1 under another lamp, through another lens, on another camera."""
    gamma, gain = math.exp(uniform(-recipe.light, recipe.light)), math.exp(uniform(-recipe.light, recipe.light))
    image = image.clamp(min=1e-4) ** gamma * gain
    if len(image) == 3:
        image = image * torch.empty(3, 1, 1).uniform_(1 - recipe.light / 3, 1 + recipe.light / 3)
    kind = uniform(0, 1)
    if kind < 0.3:
        return blurred(image.expand(3, -1, -1), uniform(0.3, 1.2))[: len(image)]
    if kind < 0.6:
        return image + torch.randn_like(image) * uniform(0.005, 0.03)
    return image
