"""Residual groups of channel attention as the stages of a classifier.

Groups and blocks: Zhang et al., ECCV 2018 (`attention.residual_channel`). Around them: a stem, and before each group a
convolution that halves the sides and doubles the channels, as ResNet does. The paper keeps one size throughout, for
images that are to be larger, and a thousand layers of it; here are twelve blocks, 1.7 million numbers.
"""

from torch import nn

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.attention.residual_channel import ResidualGroup, convolution
from napari_hemalens.models.backbones import Backbone
from napari_hemalens.models.starts import start_from_scratch

_CHANNELS = (32, 64, 128)  # of the groups, at strides 4, 8 and 16
_BLOCKS = 4  # a group


def residual_channel_backbone(*, imagenet: bool, input_channels: int, normalise: bool) -> Backbone:
    """Build the three groups, each a stage.

    Parameters
    ----------
    imagenet : bool
        There are no such weights.
    input_channels : int
        Of the images.
    normalise : bool
        Batch normalisation after every convolution.

    Raises
    ------
    WeightsError
        If ImageNet's weights are asked for.
    """
    if imagenet:
        raise WeightsError("There are no ImageNet weights of residual_channel_attention: start = 'scratch'.")
    first, *_ = _CHANNELS
    stem = (*convolution(input_channels, first, normalise=normalise, stride=2), nn.ReLU())
    stages: list[nn.Module] = []
    before = first
    for channels in _CHANNELS:
        halved = (*convolution(before, channels, normalise=normalise, stride=2), nn.ReLU())
        group = ResidualGroup(channels, _BLOCKS, normalise=normalise)
        stages.append(nn.Sequential(*(() if stages else stem), *halved, group))
        before = channels
    for stage in stages:
        start_from_scratch(stage)
    return Backbone(
        stages=(stages[0], stages[1], stages[2]),
        channels=_CHANNELS,
        names=("group 1", "group 2"),
        neck=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        width=before,
    )
