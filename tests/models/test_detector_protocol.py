"""A network and its card are a detector; only one with agents has attention."""

import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.errors import RecipeError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.storage import load_detector


class Plain(nn.Module):
    """One parameter, and one box in the middle of each image."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        one = {"boxes": torch.tensor([[4.0, 4, 9, 9]]), "labels": torch.tensor([1]), "scores": torch.tensor([0.5])}
        return [one] * len(images)


def test_any_network_that_returns_boxes_is_a_detector(untrained: DetectorCard) -> None:
    detector = NetworkDetector(Plain(), untrained)
    assert detector.device == torch.device("cpu")
    assert len(detector.detect(torch.zeros(3, 3, 64, 64))) == 3
    with pytest.raises(RecipeError, match="has no attention of its own"):
        detector.attend(torch.zeros(1, 3, 64, 64), torch.zeros(0, 4))


def test_attention_is_that_of_the_agents(attentive: DetectorCard) -> None:
    network = load_detector(attentive, torch.device("cpu"))
    detector = NetworkDetector(network, attentive)
    image, boxes = torch.randn(1, 3, 128, 128), torch.tensor([[20.0, 20, 60, 60]])
    with torch.inference_mode():
        for found, expected in zip(detector.attend(image, boxes), network.attend(image, boxes), strict=True):
            torch.testing.assert_close(found, expected)
    assert detector.attention_grid == 7
