"""From the features of a backbone's stages to classes, with the maps of whatever attention is on the way."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation

from napari_hemalens.models.attention.cbam import ChannelAttention
from napari_hemalens.models.attention.spatial import FusedSpatialAttention

Maps = dict[str, Tensor]
"""Attention by name of layer: (N, h, w) in 0-1, each of its layer's own height and width."""


class PlainHead(nn.Module):
    """Classes from the last stage, without attention.

    Parameters
    ----------
    neck : Module
        Maps L to (N, width).
    width : int
        Numbers that the linear layer sees.
    classes : int
        Numbers that it gives.
    """

    def __init__(self, neck: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.neck = neck
        self.linear = nn.Linear(width, classes)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        """Return logits (N, classes), and no maps."""
        return self.linear(self.neck(stages[-1])), {}


class PooledHead(PlainHead):
    """L pooled and one linear layer: Alex-light of Wei et al. 2022, and VGG16 with global pooling."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels, classes)


class SpatialAttentionHead(nn.Module):
    """Two middle stages, attended under the lead of the last, and the last itself (Wei et al. 2022, Figure 3).

    Parameters
    ----------
    channels : sequence of int
        Of the stages' outputs, the last that of L.
    names : sequence of str
        Of all stages but the last: what their maps are called.
    classes : int
        Numbers that the linear layer gives.
    """

    def __init__(self, channels: Sequence[int], names: Sequence[str], classes: int) -> None:
        super().__init__()
        *middles, last = channels
        self.names = tuple(names)
        self.attention = nn.ModuleList(FusedSpatialAttention(middle, last) for middle in middles)
        self.linear = nn.Linear(sum(channels), classes)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        """Return logits (N, classes) and a map for each attended stage."""
        *middles, last = stages
        attended, maps = [], {}
        for name, block, middle in zip(self.names, self.attention, middles, strict=True):
            features, maps[name] = block.attend(middle, last)  # type: ignore[operator]
            attended.append(features)
        return self.linear(joined([*attended, last])), maps


class ChannelAttentionHead(nn.Module):
    """The same with CBAM's channel attention in the block's place: Alex-CA of Wei et al. 2022.

    Channels are weighted, not places: there are no maps.
    """

    def __init__(self, channels: Sequence[int], classes: int) -> None:
        super().__init__()
        self.attention = nn.ModuleList(ChannelAttention(middle) for middle in channels[:-1])
        self.linear = nn.Linear(sum(channels), classes)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        """Return logits (N, classes), and no maps."""
        *middles, last = stages
        attended = [block(middle) for block, middle in zip(self.attention, middles, strict=True)]
        return self.linear(joined([*attended, last])), {}


class MultiScaleHead(nn.Module):
    """A pyramid of dilated convolutions over middle and high features, with an attention for each scale: MSA-Net.

    Al-Antary and Arafa 2021, https://doi.org/10.1109/ACCESS.2021.3070685. What is not in the part of it that
    could be read is fixed here: both features are brought to 256 channels (1x1) and the higher one to the size of the
    other; three scales of 3x3 convolutions, dilated by 1, 2 and 4, since wider ones would see little but padding on
    14 x 14 places; attention is a weight for each place, from a 1x1 convolution and a sigmoid. Its second task,
    healthy or not, is left out: with two classes it is the first.

    Parameters
    ----------
    channels : sequence of int
        Of the stages' outputs; the last two are used.
    classes : int
        Numbers that the linear layer gives.
    width : int
        Channels of each scale.
    """

    dilations = (1, 2, 4)

    def __init__(self, channels: Sequence[int], classes: int, width: int = 256) -> None:
        super().__init__()
        middle, high = (Conv2dNormActivation(c, width, 1, inplace=False) for c in channels[-2:])
        self.middle, self.high = middle, high
        self.pyramid = nn.ModuleList(
            Conv2dNormActivation(2 * width, width, 3, dilation=d, inplace=False) for d in self.dilations
        )
        self.score = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in self.dilations)
        self.linear = nn.Linear(width * len(self.dilations), classes)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        """Return logits (N, classes) and a map for each scale."""
        middle = self.middle(stages[-2])
        high = functional.interpolate(self.high(stages[-1]), size=middle.shape[-2:], mode="bilinear")
        both = torch.cat([middle, high], dim=1)  # (N, 2 width, H, W)
        attended, maps = [], {}
        for dilation, scale, score in zip(self.dilations, self.pyramid, self.score, strict=True):
            features = scale(both)
            weights = score(features).sigmoid()  # (N, 1, H, W)
            attended.append(features * weights)
            maps[f"dilation {dilation}"] = weights[:, 0]
        return self.linear(joined(attended)), maps


def joined(features: Sequence[Tensor]) -> Tensor:
    """Return the means of every (N, C, H, W) over its places, one after another: (N, sum of C)."""
    return torch.cat([x.mean(dim=(2, 3)) for x in features], dim=1)  # Wei et al., (6): F_g = cat(M5', M6', L)


class MemberHead(nn.Module):
    """A head whose classes are put together: of each class, the sum of the probabilities of its members.

    Parameters
    ----------
    head : Module
        Maps the outputs of the stages to logits (N, outputs) and maps.
    members : sequence of sequence of int
        The outputs that each class takes in; those that no class takes in are left out.
    temperature : float
        What logits are divided by before the softmax; those returned are to be divided by it, too.
    """

    def __init__(self, head: nn.Module, members: Sequence[Sequence[int]], temperature: float) -> None:
        super().__init__()
        self.head, self.members, self.temperature = head, members, temperature

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        """Return logits (N, classes), whose softmax is the sum over the members, and the maps of the head."""
        logits, maps = self.head(stages)
        return self.put_together(logits), maps

    def put_together(self, logits: Tensor) -> Tensor:
        """Return the logits of the classes from those of the head, or from their mean over several views."""
        calibrated = logits.float() / self.temperature
        together = [calibrated[:, list(of)].logsumexp(dim=1) for of in self.members]
        return torch.stack(together, dim=1) * self.temperature
