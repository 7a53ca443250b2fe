"""Convolution networks of torchvision and timm, cut into the stages that attention and heatmaps work on.

AlexNet: Krizhevsky 2014, https://arxiv.org/abs/1404.5997. VGG16: https://arxiv.org/abs/1409.1556. GoogLeNet:
https://arxiv.org/abs/1409.4842. ResNet: https://arxiv.org/abs/1512.03385. MobileNetV2: https://arxiv.org/abs/1801.04381.
EfficientNet-Lite: `lite.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.googlenet import BasicConv2d, GoogLeNet, Inception, InceptionAux
from torchvision.models.vgg import make_layers

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.models.lite import LITE0, lite0
from napari_hemalens.models.standard_colours import with_standard_colours
from napari_hemalens.models.starts import RGB, start_from_imagenet, start_from_scratch, widen
from napari_hemalens.models.white_ground import with_white_ground


@dataclass(frozen=True, slots=True)
class Backbone:
    """What makes features of an image, and torchvision's own way on from them.

    Attributes
    ----------
    stages : three modules
        Each goes on from the one before; the last gives L. No activation works in place, so that gradients can be read
        at every module.
    channels : three int
        Of each stage's output.
    names : two str
        What the papers call the first two stages.
    neck : Module
        Maps L to (N, width): torchvision's pooling and, where it was built with them, dense layers but the last.
    width : int
        Numbers a last linear layer would see.
    smallest_px : int
        Side of the smallest image that it takes, in pixels.
    """

    stages: tuple[nn.Module, nn.Module, nn.Module]
    channels: tuple[int, int, int]
    names: tuple[str, str]
    neck: nn.Module
    width: int
    smallest_px: int = 32  # the last stage's stride


def build_backbone(name: str, *, imagenet: bool, input_channels: int = RGB, dense: bool = False) -> Backbone:
    """Build a backbone.

    Parameters
    ----------
    name : str
        A key of BACKBONES.
    imagenet : bool
        Start from ImageNet: torchvision's weights, which are downloaded and kept where torch keeps such files, or
        those of a package (`efficientnet_lite0`), which need no internet; else from scratch.
    input_channels : int
        Red, green, blue, and whatever follows. ImageNet's weights know nothing of what follows: its filters start at
        zero.
    dense : bool
        With what torchvision lets follow the pooling: in AlexNet and VGG16, nine tenths of all weights.

    Raises
    ------
    WeightsError
        If ImageNet's weights cannot be had.
    """
    build, cut = BACKBONES[name]
    with torch.device("meta"):  # dense layers that are thrown away next cost neither memory nor time
        network = build()
    _drop_last(network, dense=dense)
    network.to_empty(device="cpu")
    if imagenet:
        start_from_imagenet(network, name)
    else:
        start_from_scratch(network)
    widen(network, input_channels, zero=imagenet)
    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.inplace = False
    return cut(network)


def with_colours(backbone: Backbone, recipe: ClassifierRecipe) -> Backbone:
    """Return a backbone behind what its recipe does to colours first: white ground, then standard colours."""
    first, second, third = backbone.stages
    first = with_standard_colours(first, recipe.input_channels) if recipe.standard_colours else first
    first = with_white_ground(first) if recipe.white_ground else first
    return replace(backbone, stages=(first, second, third))


def with_batch_norm(backbone: Backbone) -> Backbone:
    """Return AlexNet or VGG16 with batch normalisation after each convolution, as VGG16-BN of torchvision has it.

    From scratch, AlexNet with attention learns no micronuclei without it (docs/results/classification.md). Other
    backbones normalise by themselves and stay as they are.
    """
    first, second, third = (_normalising(stage) for stage in backbone.stages)
    return replace(backbone, stages=(first, second, third))


def _normalising(stage: nn.Module) -> nn.Module:
    layers: list[nn.Module] = []
    for layer in stage.children():
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return nn.Sequential(*layers) if len(layers) > len(list(stage.children())) else stage


def _drop_last(network: Any, *, dense: bool) -> None:
    """Take away what names ImageNet's classes: one layer, or unless `dense` all that follow the pooling."""
    if hasattr(network, "fc"):
        network.fc = nn.Identity()
    elif dense and isinstance(network.classifier, nn.Sequential):
        network.classifier[-1] = nn.Identity()
    else:
        network.classifier = nn.Identity()


class _ConvBlock(BasicConv2d):
    """GoogLeNet's convolution with a ReLU that is a module, so that gradient methods find it, and not in place."""

    def __init__(self, in_channels: int, out_channels: int, **options: int) -> None:
        super().__init__(in_channels, out_channels, **options)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised, rectified convolution."""
        rectified: Tensor = self.relu(self.bn(self.conv(x)))
        return rectified


class _ToHalves(nn.Module):
    """Brings images of mean 0.5 and deviation 0.25 to 0.5 and 0.5, which GoogLeNet's weights alone were trained at."""

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, C, H, W) images with red, green and blue halved, and further channels as they are."""
        return torch.cat([images[:, :RGB] / 2, images[:, RGB:]], dim=1)


def _googlenet() -> nn.Module:
    # Without the two heads that only help training, which torchvision drops from its trained network as well.
    blocks = [_ConvBlock, partial(Inception, conv_block=_ConvBlock), InceptionAux]
    return GoogLeNet(aux_logits=False, init_weights=False, blocks=blocks)  # type: ignore[no-any-return]


def _vgg16_half() -> nn.Module:
    """Return VGG16 with half the channels of each convolution: a quarter of the weights and of the time."""
    blocks = ((2, 32), (2, 64), (3, 128), (3, 256), (3, 256))
    layers = [layer for convolutions, channels in blocks for layer in (*[channels] * convolutions, "M")]
    network = models.VGG(make_layers(layers), init_weights=False)
    network.classifier[0] = nn.Linear(blocks[-1][1] * 7 * 7, 4096)  # torchvision's counts on 512 channels
    return network  # type: ignore[no-any-return]


def _cut_alexnet(network: models.AlexNet) -> Backbone:
    features = network.features
    return Backbone(
        # Wei et al. number pools too: layer 5 is the third convolution, layer 6 the fourth; 13 x 13 at 224 x 224.
        stages=(features[:8], features[8:10], features[10:]),
        channels=(384, 256, 256),
        names=("layer 5", "layer 6"),
        neck=nn.Sequential(network.avgpool, nn.Flatten(), network.classifier),
        width=4096,
        smallest_px=63,
    )


def _cut_vgg16(network: models.VGG) -> Backbone:
    features = network.features
    middle, high, last = (features[convolution].out_channels for convolution in (14, 21, 28))
    return Backbone(
        stages=(features[:17], features[17:24], features[24:]),  # each ends with its pool
        channels=(middle, high, last),
        names=("block 3", "block 4"),
        neck=nn.Sequential(network.avgpool, nn.Flatten(), network.classifier),
        width=4096,
    )


def _cut_googlenet(network: GoogLeNet) -> Backbone:
    parts = dict(network.named_children())
    first = ("conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b")
    second = ("maxpool3", *(f"inception4{letter}" for letter in "abcde"))
    third = ("maxpool4", "inception5a", "inception5b")
    return Backbone(
        stages=(
            nn.Sequential(_ToHalves(), *(parts[name] for name in first)),
            nn.Sequential(*(parts[name] for name in second)),
            nn.Sequential(*(parts[name] for name in third)),
        ),
        channels=(480, 832, 1024),
        names=("inception 3", "inception 4"),
        neck=nn.Sequential(network.avgpool, nn.Flatten(), network.dropout),
        width=1024,
    )


def _cut_resnet(network: models.ResNet) -> Backbone:
    parts: Mapping[str, nn.Module] = dict(network.named_children())
    first = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2")
    widest = network.layer4[-1].expansion * 512
    return Backbone(
        stages=(nn.Sequential(*(parts[name] for name in first)), parts["layer3"], parts["layer4"]),
        channels=(widest // 4, widest // 2, widest),
        names=("layer 2", "layer 3"),
        neck=nn.Sequential(network.avgpool, nn.Flatten()),
        width=widest,
    )


def _cut_mobilenet(network: models.MobileNetV2) -> Backbone:
    features = network.features
    return Backbone(
        stages=(features[:7], features[7:14], features[14:]),  # strides 8, 16, 32
        channels=(32, 96, 1280),
        names=("stride 8", "stride 16"),
        neck=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.classifier),
        width=1280,
    )


def _cut_lite0(network: Any) -> Backbone:
    blocks = network.blocks
    return Backbone(
        stages=(
            nn.Sequential(network.conv_stem, network.bn1, *blocks[:3]),
            nn.Sequential(*blocks[3:5]),
            nn.Sequential(*blocks[5:], network.conv_head, network.bn2),
        ),
        channels=(40, 112, 1280),
        names=("stride 8", "stride 16"),
        neck=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2)),
        width=1280,
    )


BACKBONES: Mapping[str, tuple[Callable[[], nn.Module], Callable[[nn.Module], Backbone]]] = {
    "alexnet": (models.alexnet, _cut_alexnet),
    "vgg16": (models.vgg16, _cut_vgg16),
    "vgg16_half": (_vgg16_half, _cut_vgg16),  # for pooling only: torchvision's dense layers expect all channels
    "googlenet": (_googlenet, _cut_googlenet),
    "resnet18": (models.resnet18, _cut_resnet),
    "resnet50": (models.resnet50, _cut_resnet),
    "mobilenet_v2": (models.mobilenet_v2, _cut_mobilenet),
    LITE0: (lite0, _cut_lite0),
}
