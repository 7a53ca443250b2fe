"""Cells and their classes as predicted by a classifier: one record per image."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.progress import counted
from napari_hemalens.records.corrections import Correctable, Corrections
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.measurements import Measurements

UNCORRECTED = -1
"""In an array of corrections: the class stays as it is."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Classified(Correctable):
    """The cells of one label image with the probabilities of their classes.

    Attributes
    ----------
    ids : (N,) int64
        Numbers of the cells in the label image, ascending.
    probabilities : (N, K) float32
        Class probabilities in 0-1; each row adds up to 1.
    classes : (N,) int64
        The class of each cell, as an index into `names`.
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
    corrections : Corrections or None
        Classes given by a person, with the classifier's predictions; None: none. No cell is ever removed.
    measurements : Measurements or None
        What the cells measure; None: nobody measured.
    embeddings : (N, D) float32 or None
        What the network sees of each cell, before it names it; None: not kept.
    """

    ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    centres: NDArray[np.float64]
    areas: NDArray[np.int64]
    image_shape: tuple[int, int]
    provenance: Provenance = field(default_factory=Provenance)
    corrections: Corrections | None = None
    measurements: Measurements | None = None
    embeddings: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def class_names(self) -> NDArray[np.str_]:
        """The class of each cell by name: (N,)."""
        return np.array(self.names, dtype=np.str_)[self.classes]

    @property
    def entropy(self) -> NDArray[np.float32]:
        """Entropy of the probabilities of each cell (N,): 0 certain, 1 all classes equally likely."""
        p = self.probabilities.clip(1e-12, 1)
        entropy: NDArray[np.float32] = -(p * np.log(p)).sum(axis=1) / np.log(max(2, len(self.names)))
        return entropy

    @property
    def _corrections(self) -> Corrections:
        if self.corrections is not None:
            return self.corrections
        return Corrections.none(self.classes, self.probabilities[np.arange(len(self)), self.classes])

    def counts(self) -> dict[str, int]:
        """Return how many cells each class has."""
        found = np.bincount(self.classes, minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def with_corrections(self, corrections: ArrayLike, observers: NDArray[np.str_] | None = None) -> Self:
        """Return the cells with classes given by a person; probabilities stay those of the classifier.

        Parameters
        ----------
        corrections : (N,) int
            Index into `names`, or -1 (`UNCORRECTED`): the class stays. Giving the predicted class counts as confirming
            it.
        observers : (N,) str, optional
            Who gave each of them; by default nobody who is known.

        Raises
        ------
        AnnotationError
            If there is not one per cell, or an index is out of range.
        """
        given = np.asarray(corrections)
        if given.shape != self.classes.shape or (given.size and given.dtype.kind not in "iu"):
            raise AnnotationError(
                f"Corrections of shape {given.shape} and type {given.dtype} do not fit {counted(len(self), 'cell')}: "
                "give one whole number per cell."
            )
        if given.size and not UNCORRECTED <= given.min() <= given.max() < len(self.names):
            raise AnnotationError(
                f"Corrections of {given.min()} to {given.max()} are out of range: -1 leaves the cell as it is, "
                f"0 to {len(self.names) - 1} are {', '.join(self.names)}."
            )
        given_here: NDArray[np.bool_] = given != UNCORRECTED
        before = self._corrections
        same = given == before.predicted_classes
        kinds = np.where(given_here, np.where(same, "accepted", "class"), before.kinds)
        classes = np.where(given_here, given, self.classes).astype(np.int64)
        who = np.where(given_here, "" if observers is None else observers, before.observers)
        return replace(self, classes=classes, corrections=replace(before, kinds=kinds, observers=who))
