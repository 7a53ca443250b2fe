"""Attention lies on the residual of each block of ResNet, and nowhere else."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock
from torchvision.ops import SqueezeExcitation

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.models.attention.cbam import CBAM
from napari_hemalens.models.attention.eca import ECA
from napari_hemalens.models.attention.srm import SRM
from napari_hemalens.models.backbones import build_backbone
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.residual_attention import with_attention_in_blocks

NETWORKS = {
    "resnet18_block_cbam": CBAM,
    "resnet18_block_eca": ECA,
    "resnet18_block_srm": SRM,
    "resnet18_block_se": SqueezeExcitation,
}


class Halved(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 2


def blocks_of(stages: tuple[nn.Module, ...] | nn.ModuleList) -> list[BasicBlock]:
    return [module for stage in stages for module in stage.modules() if isinstance(module, BasicBlock)]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_of_eight_blocks_has_attention(name: str) -> None:
    network = build_classifier(ClassifierRecipe(network=name, input_size=64), 5)
    blocks = blocks_of(network.stages)
    assert len(blocks) == 8
    assert all(isinstance(block.bn2[1], NETWORKS[name]) for block in blocks)
    assert sum(isinstance(module, NETWORKS[name]) for module in network.modules()) == 8


def test_a_block_adds_the_attended_residual_to_what_came_in() -> None:
    torch.manual_seed(0)
    backbone = build_backbone("resnet18", imagenet=False)
    block = blocks_of(backbone.stages)[0].eval()
    x = torch.randn(2, 64, 8, 8)
    with torch.inference_mode():
        residual = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
        with_attention_in_blocks(backbone, lambda _: Halved())
        torch.testing.assert_close(block(x), (residual / 2 + x).relu())


def test_attention_is_built_for_the_channels_of_its_block() -> None:
    asked: list[int] = []
    backbone = build_backbone("resnet18", imagenet=False)
    with_attention_in_blocks(backbone, lambda channels: asked.append(channels) or nn.Identity())
    assert asked == [64, 64, 128, 128, 256, 256, 512, 512]


def test_the_size_of_eca_follows_the_channels_if_asked() -> None:
    recipe = ClassifierRecipe(network="resnet18_block_eca", eca_kernel=None, input_size=64)
    found = [module.conv.kernel_size[0] for module in build_classifier(recipe, 2).modules() if isinstance(module, ECA)]
    assert found == [3, 3, 5, 5, 5, 5, 5, 5]
