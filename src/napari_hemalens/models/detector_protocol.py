"""What detection asks of a detector, whatever is inside: one stage or two, torch or another runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from napari_hemalens.config.options import PrecisionName
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detectors import CellDetector


class Detector(Protocol):
    """Images in; boxes, labels and scores out."""

    @property
    def card(self) -> DetectorCard:
        """Classes, pixel size, preprocessing, stride and score threshold."""

    @property
    def device(self) -> torch.device:
        """Where images have to be."""

    @property
    def precision(self) -> PrecisionName:
        """Of the numbers that torch computes it by."""

    def detect(self, images: Tensor) -> Sequence[Mapping[str, Tensor]]:
        """Find the cells of images of one size.

        Parameters
        ----------
        images : (N, 3, H, W) float32
            Normalised, at the pixel size of the card, on the device.

        Returns
        -------
        sequence of mapping
            For each image `boxes` (M, 4) float as x0, y0, x1, y1 in its pixels, `labels` (M,) int from 1 in the order
            of the card's classes, and `scores` (M,) in 0-1, best first.
        """


class AttentiveDetector(Detector, Protocol):
    """A detector that can show where it looked when it judged a box."""

    @property
    def attention_grid(self) -> int:
        """Places along each side of an attention map."""

    def attend(self, image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge given boxes; see `CellDetector.attend`."""


@dataclass(frozen=True, slots=True)
class NetworkDetector:
    """A torch network and its card, as a detector.

    Attributes
    ----------
    network : Module
        In evaluation, on its device; called with a batch of images, it returns what `Detector.detect` returns.
    card : DetectorCard
        What it was trained for.
    precision : PrecisionName
        Of the numbers that torch computes it by.
    """

    network: nn.Module
    card: DetectorCard
    precision: PrecisionName = "single"

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    @property
    def attention_grid(self) -> int:
        """Places along each side of an attention map.

        Raises
        ------
        RecipeError
            If the network has no attention of its own.
        """
        return self._attentive().attention_grid

    def detect(self, images: Tensor) -> Sequence[Mapping[str, Tensor]]:
        """Find the cells of images (N, 3, H, W); see `Detector.detect`."""
        found: Sequence[Mapping[str, Tensor]] = self.network(images)
        return found

    def attend(self, image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge given boxes, and tell where agents attended to them; see `CellDetector.attend`.

        Raises
        ------
        RecipeError
            If the network has no attention of its own.
        """
        return self._attentive().attend(image, boxes)

    def _attentive(self) -> CellDetector:
        if not isinstance(self.network, CellDetector):
            raise RecipeError(f"The network {self.card.network.network} has no attention of its own.")
        return self.network
