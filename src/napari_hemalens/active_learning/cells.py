"""The cells of a pool in memory, and what a round trains on: the labelled ones, and random copies of the hard ones."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2.functional import center_crop

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.training.augment import seeded
from napari_hemalens.training.cell_crops import relight, turn_crop
from napari_hemalens.training.datasets import Target


@dataclass(frozen=True, slots=True, eq=False)
class PoolCells:
    """Crops of cells, and what an annotator would call them.

    Attributes
    ----------
    pixels : (N, 3, S, S) uint8
        Wider than they are seen (`cell_crops.ROOM`), for corners to turn in from.
    labels : (N,) int64
        Index of the class of each. Only those of labelled cells are learned from.
    """

    pixels: Tensor
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def as_seen(self, rows: NDArray[np.int64], side: int) -> Tensor:
        """Return the crops (n, 3, side, side) uint8 of some cells, as a network sees them that is not being trained."""
        seen: Tensor = center_crop(self.pixels[rows], [side, side])
        return seen


class RoundCrops(Dataset[tuple[Tensor, Target]]):
    """Training crops (3, side, side) uint8 with `labels` (1,) int64: turned, flipped, scaled and lit anew each epoch.

    An epoch is every labelled cell once, and then the copies. With `recipe.balance` it is as many cells, of every class
    that has some the same number, drawn at random.

    Parameters
    ----------
    cells : PoolCells
        The pool.
    labelled : (n,) int64
        Rows of the cells to learn from.
    recipe : ClassifierTraining
        Augmentation.

    Attributes
    ----------
    copied : (m,) int64
        Rows that are shown once more for each time that they stand here. What it holds may be exchanged between
        epochs, not their number.
    """

    def __init__(self, cells: PoolCells, labelled: NDArray[np.int64], recipe: ClassifierTraining) -> None:
        self.cells, self.labelled, self.recipe = cells, labelled, recipe
        self.copied: NDArray[np.int64] = np.array([], dtype=np.int64)
        named = cells.labels[labelled]
        self._by_class = [labelled[named == label] for label in np.unique(named)]

    def __len__(self) -> int:
        return len(self.labelled) + len(self.copied)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one crop and its label for a draw (index, seed); the seed fixes how it is changed."""
        index, seed = draw
        row = self._row(index, seed)
        with seeded(seed):
            image = relight(turn_crop(self.cells.pixels[row].float() / 255, self.recipe), self.recipe)
        return (image.clamp(0, 1) * 255).round().to(torch.uint8), {"labels": torch.tensor([self.cells.labels[row]])}

    def _row(self, index: int, seed: int) -> int:
        """Return the row of the pool that a draw is of."""
        own = len(self.labelled)
        if index >= own:
            return int(self.copied[index - own])
        if not self.recipe.balance:
            return int(self.labelled[index])
        return int(np.random.default_rng(seed).choice(self._by_class[index % len(self._by_class)]))
