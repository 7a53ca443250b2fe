"""Residual channel attention (RCAN): blocks that add what their channels' means let through, in groups.

Zhang et al., ECCV 2018, https://arxiv.org/abs/1807.02758, section 3. There it makes images larger; blocks and groups
are the paper's, what they are put into is `models.residual_channel`.
"""

from torch import Tensor, nn


class MeanAttention(nn.Module):
    """Weight each channel by the means of all: the paper's channel attention.

    Maps (N, C, H, W) to the same shape.

    Parameters
    ----------
    channels : int
        C.
    reduction : int
        r: narrows to C / r channels on the way, at least one; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        narrow = max(1, channels // reduction)
        self.score = nn.Sequential(
            nn.Linear(channels, narrow),  # W_D
            nn.ReLU(),
            nn.Linear(narrow, channels),  # W_U
        )

    def weights(self, x: Tensor) -> Tensor:
        """Return one weight in 0-1 per channel, (N, C)."""
        scores: Tensor = self.score(x.mean(dim=(2, 3)))  # z, the mean of each channel
        return scores.sigmoid()  # s = f(W_U delta(W_D z)), with delta a ReLU and f a sigmoid

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with each channel scaled by its weight."""
        return x * self.weights(x)[:, :, None, None]


class ResidualChannelBlock(nn.Module):
    """Two convolutions whose channels are weighted, added to what came in.

    Maps (N, C, H, W) to the same shape.

    Parameters
    ----------
    channels, reduction : int
        As of `MeanAttention`.
    normalise : bool
        Batch normalisation after each convolution, which the paper has not: without it a classifier learns from
        scratch at small rates only.
    """

    def __init__(self, channels: int, reduction: int = 16, *, normalise: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *convolution(channels, channels, normalise=normalise),  # W1
            nn.ReLU(),
            *convolution(channels, channels, normalise=normalise),  # W2
        )
        self.attention = MeanAttention(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` and what the block adds to it."""
        added: Tensor = self.attention(self.body(x))  # X = W2 delta(W1 F); R(X) X
        return x + added


class ResidualGroup(nn.Module):
    """Blocks one after another and a convolution, added to what came in.

    Maps (N, C, H, W) to the same shape.

    Parameters
    ----------
    channels, reduction, normalise
        As of `ResidualChannelBlock`.
    blocks : int
        How many; 20 in the paper.
    """

    def __init__(self, channels: int, blocks: int, reduction: int = 16, *, normalise: bool = False) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(ResidualChannelBlock(channels, reduction, normalise=normalise) for _ in range(blocks))
        )
        self.last = nn.Sequential(*convolution(channels, channels, normalise=normalise))  # W_g

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` and what the group adds to it."""
        added: Tensor = self.last(self.blocks(x))
        return x + added  # F_g = F_(g-1) + W_g F_(g,B)


def convolution(channels: int, out: int, *, normalise: bool, stride: int = 1) -> tuple[nn.Module, ...]:
    """Return a 3 x 3 convolution, and its normalisation if asked for."""
    layer = nn.Conv2d(channels, out, 3, stride=stride, padding=1)
    return (layer, nn.BatchNorm2d(out)) if normalise else (layer,)
