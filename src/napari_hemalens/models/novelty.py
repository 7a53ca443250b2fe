"""How unlike its training cells a cell is: a distance in the embedding of a classifier.

Mahalanobis distance to the nearest kind of cell, with one covariance for all kinds (Lee et al. 2018,
https://arxiv.org/abs/1807.03888), on embeddings of unit length in their leading directions. A kind is a class as one
laboratory stains it, and all kinds count alike, so that many cells of one laboratory do not make others strange.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

_DIRECTIONS = 64
_SHRINKAGE = 0.05  # share of the mean variance in the covariance: few cells a kind, many directions
_ENOUGH = 50  # cells of a kind; what fewer say of the covariance counts less
PREFIX = "novelty."
"""Begins the names of these tensors in a file of weights."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """Where the training cells of each kind lie.

    Attributes
    ----------
    centre : (D,) float32
        Mean of all training embeddings.
    whiten : (D, E) float32
        Takes embeddings to where the cells of a kind vary by 1 in every direction.
    means : (K, E) float32
        Of the kinds there.
    far : float
        Distance that counts as 1.
    """

    centre: Tensor
    whiten: Tensor
    means: Tensor
    far: float = 1.0

    @classmethod
    def fit(cls, embeddings: Tensor, kinds: Tensor) -> Self:
        """Measure training cells.

        Parameters
        ----------
        embeddings : (N, D) float32
            Of `CellClassifier.name_and_embed`.
        kinds : (N,) int64
            Numbers of their kinds.
        """
        unit = functional.normalize(embeddings.double(), dim=1)
        centre = unit.mean(dim=0)
        _, _, directions = torch.linalg.svd(unit - centre, full_matrices=False)
        leading = directions[:_DIRECTIONS].T  # (D, E)
        placed = (unit - centre) @ leading
        _, kind, cells = kinds.unique(return_inverse=True, return_counts=True)
        means = torch.stack([placed[kind == k].mean(dim=0) for k in range(len(cells))])
        within = placed - means[kind]
        share = 1 / cells.clamp(min=_ENOUGH)[kind].double()
        covariance = (within * share[:, None]).T @ within / share.sum()
        covariance += _SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=torch.float64)
        whiten = leading @ torch.linalg.cholesky(torch.linalg.inv(covariance))
        return cls(centre.float(), whiten.float(), (means @ leading.T @ whiten).float())

    def distance(self, embeddings: Tensor) -> Tensor:
        """Return the distance of embeddings (N, D) to the nearest kind: (N,), 1 where they begin to be unsure."""
        placed = (functional.normalize(embeddings.float(), dim=1) - self.centre) @ self.whiten
        return torch.cdist(placed, self.means).amin(dim=1) / self.far

    def to(self, device: torch.device) -> Self:
        """Return the same on a device."""
        return type(self)(self.centre.to(device), self.whiten.to(device), self.means.to(device), self.far)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file of weights keeps."""
        kept = {"centre": self.centre, "whiten": self.whiten, "means": self.means, "far": torch.tensor(self.far)}
        return {PREFIX + name: tensor.contiguous() for name, tensor in kept.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self | None:
        """Return what `tensors` kept, from all tensors of a file; None if it holds nothing of the kind."""
        if PREFIX + "centre" not in tensors:
            return None
        kept = {name: tensors[PREFIX + name] for name in ("centre", "whiten", "means")}
        return cls(**kept, far=float(tensors[PREFIX + "far"]))
