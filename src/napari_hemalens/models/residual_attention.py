"""Attention inside the blocks of ResNet, as its authors place it: on the residual, before it is added.

Jiang et al. 2023 (Active iterative optimization of leukocyte image classification model with fused attention) compare
CBAM, ECA and SRM in ResNet18. Its abstract does not say where; here they are where Woo et al. 2018 (Figure 3), Wang et
al. 2020 and Lee et al. 2019 (Figure 4) have them.
"""

from collections.abc import Callable

from torch import nn
from torchvision.models.resnet import BasicBlock

from napari_hemalens.models.backbones import Backbone


def with_attention_in_blocks(backbone: Backbone, attention: Callable[[int], nn.Module]) -> Backbone:
    """Return a ResNet of basic blocks with attention in each, after its second normalisation, before the addition.

    Parameters
    ----------
    backbone : Backbone
        ResNet18: eight blocks. It is changed in place.
    attention : callable
        Builds what maps (N, C, H, W) to the same shape, of C channels.
    """
    for stage in backbone.stages:
        for block in [module for module in stage.modules() if isinstance(module, BasicBlock)]:
            block.bn2 = nn.Sequential(block.bn2, attention(block.conv2.out_channels))
    return backbone
