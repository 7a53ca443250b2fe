"""Networks that need no training, and rows that say what they take."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.models.backbones import Backbone
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier, build_classifier


@pytest.fixture
def card() -> Callable[..., ClassifierCard]:
    """Return a row of untrained weights: `row("resnet18", side=64, neighbours="masks")`."""

    def of(name: str, *, side: int = 64, heatmap: str | None = None, **crop: Any) -> ClassifierCard:
        cut = CropRecipe(side=side, **crop)
        return ClassifierCard(
            name="untrained",
            description="Untrained",
            task="micronucleus",
            classes=("micronucleus", "none"),
            positive="micronucleus",
            threshold=0.6,
            network=ClassifierRecipe(network=name, input_size=side, input_channels=cut.channels),
            crop=cut,
            heatmap=heatmap,
            metrics={},
            data="",
            licence="",
            training={},
            sha256="0" * 64,
        )

    return of


@pytest.fixture
def network() -> Callable[[ClassifierCard], CellClassifier]:
    """Return the network of a row, with statistics as training leaves them."""

    def of(card: ClassifierCard) -> CellClassifier:
        torch.manual_seed(0)
        built = build_classifier(card.network, len(card.classes))
        for module in built.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 1.5)
        return built.eval().to(memory_format=torch.channels_last)

    return of


@pytest.fixture
def tiny() -> Callable[..., CellClassifier]:
    """Return a network whose stages pass images on, and whose head is given."""

    def of(head: nn.Module, channels: int = 3) -> CellClassifier:
        stages = (nn.Identity(), nn.Identity(), nn.Identity())
        backbone = Backbone(stages, (channels,) * 3, ("a", "b"), nn.Identity(), channels, smallest_px=1)
        whole = CellClassifier(backbone, head, channels)
        whole.register_parameter("place", nn.Parameter(torch.zeros(1)))  # says on which device it is
        return whole.eval()

    return of


@pytest.fixture
def pixels() -> Callable[..., Tensor]:
    """Return crops of noise: `pixels(4, 3, 64)`."""

    def of(number: int, channels: int, side: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randint(0, 256, (number, channels, side, side), generator=generator, dtype=torch.uint8)

    return of
