"""The way back up the pyramid of Wang et al. 2021: what fine levels know of place, brought to the coarse ones."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation


class BottomUpPath(nn.Module):
    """Each block predicts at its level, is brought to the size of the next, and is fused with it.

    The paper's text ("each convolutional layer outputs three actions: a prediction operation, an upsampling operation,
    and a fusion operation with the output of the previous block") is read as PANet's path (Liu et al. 2018,
    https://arxiv.org/abs/1803.01534): a convolution of stride 2 climbs to the next, coarser level. What it adds
    there begins at zero, so that the path changes nothing until it has learned to, and a pyramid trained without it
    can be gone on with.

    Parameters
    ----------
    levels : int
        Of the pyramid that stem from the backbone.
    channels : int
        Of each.
    """

    def __init__(self, levels: int, channels: int) -> None:
        super().__init__()
        self.climb = nn.ModuleList(
            Conv2dNormActivation(channels, channels, 3, stride=2, norm_layer=None) for _ in range(levels - 1)
        )
        self.fuse = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(levels - 1))
        for weight in self.fuse.parameters():
            nn.init.zeros_(weight)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return levels of the same shapes (N, channels, H/stride, W/stride), finest first."""
        found = [levels[0]]
        for level, climb, fuse in zip(levels[1:], self.climb, self.fuse, strict=True):
            found.append(level + fuse(functional.relu(level + climb(found[-1]))))
        return found


class PyramidBothWays(nn.Module):
    """A feature pyramid (torchvision's, with a pooled level last) followed by a bottom-up path."""

    def __init__(self, pyramid: nn.Module, levels: int, channels: int) -> None:
        super().__init__()
        self.pyramid = pyramid
        self.path = BottomUpPath(levels, channels)
        self.out_channels = channels

    @property
    def body(self) -> nn.Module:
        """What the pyramid stands on: it learns to name single cells before there is a path."""
        return self.pyramid.body  # type: ignore[return-value]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the levels by name, finest first; the pooled one is made anew."""
        *names, pooled = levels = self.pyramid(x)
        found = self.path([levels[name] for name in names])
        return {**dict(zip(names, found, strict=True)), pooled: functional.max_pool2d(found[-1], 1, 2)}
