"""Cells and their classes, as a classifier sees them: one record an image."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.cells import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """The cells of one label image with the probabilities of their classes.

    Attributes
    ----------
    ids : (N,) int64
        Numbers of the cells in the label image, ascending.
    probabilities : (N, K) float32
        Of each class, in 0-1; a row adds up to 1.
    classes : (N,) int64
        Index into `names` of what each cell is called.
    names : tuple of str
        The K classes.
    centres : (N, 2) float64
        Centroids as y, x in level-0 pixels.
    areas : (N,) int64
        In level-0 pixels.
    image_shape : (int, int)
        Height and width of the image in level-0 pixels.
    provenance : Provenance
        Where the result comes from.
    """

    ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    centres: NDArray[np.float64]
    areas: NDArray[np.int64]
    image_shape: tuple[int, int]
    provenance: Provenance = field(default_factory=Provenance)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def class_names(self) -> NDArray[np.str_]:
        """The class of each cell by name: (N,)."""
        return np.array(self.names, dtype=np.str_)[self.classes]

    @property
    def entropy(self) -> NDArray[np.float32]:
        """How undecided the classifier is on each cell (N,): 0 sure, 1 all classes alike."""
        p = self.probabilities.clip(1e-12, 1)
        entropy: NDArray[np.float32] = -(p * np.log(p)).sum(axis=1) / np.log(max(2, len(self.names)))
        return entropy

    def counts(self) -> dict[str, int]:
        """Return how many cells each class has."""
        found = np.bincount(self.classes, minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))
