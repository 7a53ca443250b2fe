"""Cells with a class as training images: cut once, with room to turn, then turned, scaled and lit anew each time."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from napari_hemalens.config.options import CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import AnnotationError, TrainingError
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.inference.crops import crop_width, crops, masks
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.open import open_image
from napari_hemalens.training.augment import blurred, uniform
from napari_hemalens.training.datasets import Target

ROOM = 1.5  # a crop is cut so much wider than it is seen, for corners to turn in from
_BATCH = 256


def cut(field: NamedCells, recipe: CropRecipe, *, room: float = 1.0) -> Tensor:
    """Return the crops (N, channels, side, side) uint8 of the cells of a field, in their order.

    Parameters
    ----------
    field : NamedCells
        Image, label image, and which of its cells.
    recipe : CropRecipe
        What a crop is.
    room : float
        Factor by which crops are wider, and have more pixels.

    Raises
    ------
    AnnotationError
        If the label image has no cell of a number that is asked for.
    """
    with open_image(field.image) as slide:
        cells, rows = cells_of(field)
        detail = recipe.detail and round(recipe.detail * room)
        wider = recipe.model_copy(update={"side": round(recipe.side * room), "detail": detail})
        width = crop_width(cells, recipe, slide.pixel_size_um) * room
        wanted = cells.take(rows)
        pixels = torch.empty((len(wanted), recipe.channels, wider.side, wider.side), dtype=torch.uint8)
        for which, found in crops(slide, wanted, wider, width=width, batch=_BATCH):
            pixels[torch.from_numpy(which)] = found
    return pixels


def cells_of(field: NamedCells) -> tuple[CellMap, NDArray[np.int64]]:
    """Return all cells of a label image, and the rows (N,) of those that the field names.

    Raises
    ------
    AnnotationError
        If the label image has no cell of a number that the field names.
    """
    cells = CellMap.of(field.label_image())
    missing = np.setdiff1d(field.ids, cells.ids)
    if len(missing):
        raise AnnotationError(f"{field.labels or field.image} has no cell {missing[0]}, which is asked for.")
    return cells, np.searchsorted(cells.ids, field.ids)


def marks(field: NamedCells, recipe: CropRecipe, *, room: float = 1.0) -> Tensor:
    """Return what makes a cell of its class, as outlined, in the crops of `cut`: (N, 1, side, side) uint8, 0 or 255.

    Raises
    ------
    AnnotationError
        If the data set has no such outlines.
    """
    cells, rows = cells_of(field)
    outlined = replace(cells, labels=field.mark_image())
    side, width = round(recipe.side * room), crop_width(cells, recipe, None) * room
    corners = cells.centres[rows] + 0.5 - width / 2
    return masks(outlined, rows, corners, side=side, width=width)[0].to(torch.uint8) * 255


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
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.recipe.balance:
                of_class = self.by_class[index % len(self.by_class)]
                index = int(of_class[int(torch.randint(len(of_class), ()))])
            image = turned(self.pixels[index].float() / 255, self.recipe)
            image = torch.cat([relit(image[: self.light], self.recipe), image[self.light :]])
        target = {"labels": torch.tensor([self.labels[index]])}
        if self.recipe.point:
            image, target["marks"] = image[:-1], image[-1] > 0.5
        return (image.clamp(0, 1) * 255).round().to(torch.uint8), target


def labels_of(fields: Sequence[NamedCells], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the index into `classes` of every cell of the fields: (N,)."""
    names = np.concatenate([field.class_names for field in fields])
    unknown = set(names.tolist()) - set(classes)
    if unknown:
        raise TrainingError(f"Cells of the class {sorted(unknown)[0]!r}; known: {', '.join(classes)}.")
    return np.array([classes.index(name) for name in names.tolist()], dtype=np.int64)


def turned(image: Tensor, recipe: ClassifierTraining) -> Tensor:
    """Return a crop (C, side, side), turned by any angle, flipped, scaled and shifted, from one with room (C, S, S)."""
    angle, zoom = uniform(0, 2 * math.pi), recipe.zoom ** uniform(-1, 1)
    flip = 1.0 if uniform(0, 1) < 0.5 else -1.0
    sine, cosine = math.sin(angle) / (ROOM * zoom), math.cos(angle) / (ROOM * zoom)
    shift = [uniform(-recipe.shift, recipe.shift) for _ in "xy"]
    matrix = torch.tensor([[cosine * flip, -sine, shift[0]], [sine * flip, cosine, shift[1]]])
    size = [1, len(image), recipe.crop.side, recipe.crop.side]
    grid = functional.affine_grid(matrix[None], size, align_corners=False)
    return functional.grid_sample(image[None], grid, padding_mode="border", align_corners=False)[0]


def relit(image: Tensor, recipe: ClassifierTraining) -> Tensor:
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
