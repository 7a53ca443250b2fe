import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import ClassifierRecipe, NetworkRecipe
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.models.folding import folded, folded_classifier, folded_detector


def normalises(network: nn.Module) -> bool:
    return any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def used(network: nn.Module) -> None:
    """Give the normalisation of a network something to do, as training does."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.6, 1.4)
            nn.init.uniform_(module.weight, 0.6, 1.4)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    network.eval()


@pytest.mark.parametrize("backbone", ["resnet18", "efficientnet_lite0"])
@torch.inference_mode()
def test_a_folded_detector_sees_the_same_without_normalising(backbone: str) -> None:
    torch.manual_seed(0)
    network = build_detector(NetworkRecipe(network="faster_rcnn_fpn", backbone=backbone, size="laptop"), classes=2)
    used(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fast = folded_detector(network)
    image = torch.randn(2, 3, 64, 192)
    for name, wanted in network.backbone(image).items():
        torch.testing.assert_close(fast.backbone(image)[name], wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))
    assert not normalises(fast)
    assert fast.roi_heads is network.roi_heads
    assert normalises(network)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@torch.inference_mode()
def test_a_folded_classifier_names_and_embeds_alike() -> None:
    torch.manual_seed(0)
    network = build_classifier(ClassifierRecipe(network="efficientnet_lite0", white_ground=True), classes=3)
    used(network)
    fast = folded_classifier(network)
    crops = torch.rand(2, 3, 64, 64) * 4 - 2
    for found, wanted in zip(fast.name_and_embed(crops), network.name_and_embed(crops), strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))
    assert not normalises(fast)
    assert normalises(network)


class Branching(nn.Module):
    """A network in which a convolution is read before it is normalised, too."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        seen = self.convolution(images)
        return self.norm(seen) + seen


def test_a_convolution_that_is_read_elsewhere_too_stays_as_it_is() -> None:
    network = Branching()
    used(network)
    assert folded(network, torch.randn(1, 3, 8, 8)) is network
