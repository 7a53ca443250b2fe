"""A detector that needs no training: every dark blob is a cell, named by its size."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models.cards import DetectorCard

PLATELET_BELOW = 24  # pixels of the network: 3.6 um


class BlobFinder(nn.Module):
    """Finds dark blobs; a blob cut by the edge of its tile is found cut, as a network would."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))  # says on which device it is
        self.batches: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        self.batches.append(tuple(images.shape))
        return [self._found(image.mean(dim=0).numpy()) for image in images]

    def _found(self, image: np.ndarray[Any, Any]) -> dict[str, Tensor]:
        spans = ndimage.find_objects(ndimage.label(image < 0.5)[0])
        boxes = torch.tensor([[x.start, y.start, x.stop, y.stop] for y, x in spans]).reshape(-1, 4).float()
        sides = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1)
        order = (-sides).argsort()
        return {
            "boxes": boxes[order],
            "labels": torch.where(sides[order] < PLATELET_BELOW, 3, 2),
            "scores": (0.5 + sides[order] / 400).clamp(max=0.99),
        }


@pytest.fixture
def finder() -> BlobFinder:
    return BlobFinder().eval()


@pytest.fixture
def card() -> DetectorCard:
    """Weights at 0.15 um a pixel, of three classes."""
    return DetectorCard(
        name="blobs",
        description="Dark blobs",
        network=NetworkRecipe(pixel_size_um=0.15),
        classes=("lymphocyte", "erythrocyte", "platelet"),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        score_threshold=0.1,
        metrics={},
        data="",
        licence="",
        training={},
        sha256="0" * 64,
    )
