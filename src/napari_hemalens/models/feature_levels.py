"""The features that a detector looks for cells in: one level of a backbone, or a pyramid on several."""

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.models import resnet
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.ops import Conv2dNormActivation, FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool


class SingleLevel(nn.Module):
    """The third stage of a ResNet (stride 16), brought to `out_channels`: one feature level.

    Maps (N, 3, H, W) to {'0': (N, out_channels, H/16, W/16)}.
    """

    def __init__(self, body: resnet.ResNet, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(body, {"layer3": "0"})
        self.reduce = Conv2dNormActivation(in_channels, out_channels, 1, norm_layer=None)
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the one level by name."""
        return {"0": self.reduce(self.body(x)["0"])}


class FeaturePyramid(nn.Module):
    """A feature pyramid on some stages of a backbone, and a coarser level on top, which only proposes.

    Maps (N, 3, H, W) to levels (N, out_channels, H/stride, W/stride) by name, the finest first.

    Parameters
    ----------
    body : Module
        Maps images to the outputs of the stages by name, the finest first.
    channels : sequence of int
        Of these.
    out_channels : int
        Of every level.
    """

    def __init__(self, body: nn.Module, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramidNetwork(list(channels), out_channels, LastLevelMaxPool())
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the levels by name."""
        levels: dict[str, Tensor] = self.fpn(self.body(x))
        return levels
