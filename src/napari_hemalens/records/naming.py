"""What a classifier says of the cells that a detector found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.differential import Tissue
from napari_hemalens.records.tissue_prior import shift_odds

UNSURE_FROM = 1.0
"""Novelty from which a cell is unlike all that a classifier was trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """Probabilities of the classes of N cells, and how unlike the training cells each of them is.

    Attributes
    ----------
    names : tuple of str
        The K classes of the classifier.
    probabilities : (N, K) float32
        As the classifier gave them, in 0-1, each row adds up to 1; NaN for cells that it was not asked about: red
        cells, platelets, drawn boxes. A file may tell that of the cell's class alone; the others are NaN, then.
    novelty : (N,) float32
        Distance to the training cells; from 1 on a cell lies beyond nearly all of the cells of known classes from
        laboratories that were held out. NaN where it was not measured.
    tissue : {'marrow', 'blood'} or None
        What shifts the odds of the classes; None: nothing does.
    """

    names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    novelty: NDArray[np.float32]
    tissue: Tissue | None = None

    @classmethod
    def none(cls, names: Sequence[str], cells: int) -> Self:
        """Return what is said of cells that the classifier was not asked about."""
        return cls(tuple(names), np.full((cells, len(names)), np.nan, np.float32), np.full(cells, np.nan, np.float32))

    @classmethod
    def from_certainty(
        cls,
        names: Sequence[str],
        classes: NDArray[np.int64],
        certainty: NDArray[np.float32],
        novelty: NDArray[np.float32],
    ) -> Self:
        """Return what is known of cells whose other probabilities were not kept.

        `classes` (N,) are indices into `names`, `certainty` (N,) their probabilities in 0-1; NaN where not known.
        """
        probabilities = np.full((len(classes), len(names)), np.nan, np.float32)
        probabilities[np.arange(len(classes)), classes] = certainty
        return cls(tuple(names), probabilities, novelty)

    def __len__(self) -> int:
        return len(self.novelty)

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells whose class follows from their probabilities, all of which are known."""
        asked: NDArray[np.bool_] = np.all(~np.isnan(self.probabilities), axis=1)
        return asked

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that are unlike all training cells."""
        unsure: NDArray[np.bool_] = self.novelty >= UNSURE_FROM
        return unsure

    @property
    def posterior(self) -> NDArray[np.float32]:
        """Probabilities (N, K) after what is known of the tissue; NaN where they are not known."""
        if self.tissue is None:
            return self.probabilities
        shifted = shift_odds(self.probabilities, self.names, self.tissue)
        return np.where(self.asked[:, None], shifted, self.probabilities)

    def settled(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Return the same with some cells no longer unsure: a person has named them."""
        novelty = self.novelty.copy()
        novelty[rows] = np.nan
        return replace(self, novelty=novelty)

    def append(self, other: "Naming | None", cells: int) -> Self:
        """Return these cells, then `cells` others; nothing is known of those if `other` is None or of other classes."""
        if other is None or other.names != self.names:
            other = type(self).none(self.names, cells)
        return replace(
            self,
            probabilities=np.concatenate([self.probabilities, other.probabilities]),
            novelty=np.concatenate([self.novelty, other.novelty]),
        )

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return what is said of the cells selected by a mask or an index."""
        return replace(self, probabilities=self.probabilities[keep], novelty=self.novelty[keep])
