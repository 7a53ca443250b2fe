"""Convolutional block attention module (CBAM): which channels, then which places.

Woo et al., ECCV 2018, https://arxiv.org/abs/1807.06521, equations 1-3. Its layers have neither biases nor batch
normalisation, as the equations are printed. The channel part alone makes Wei et al.'s Alex-CA.
"""

import torch
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Weight each channel by its mean and its largest value.

    Maps (N, C, H, W) to the same shape.

    Parameters
    ----------
    channels : int
        C.
    reduction : int
        r: the shared layers narrow to C / r channels, at least one; 16 in the paper.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        narrow = max(1, channels // reduction)
        self.shared = nn.Sequential(
            nn.Linear(channels, narrow, bias=False),  # W0
            nn.ReLU(),
            nn.Linear(narrow, channels, bias=False),  # W1
        )

    def weights(self, x: Tensor) -> Tensor:
        """Return one weight in 0-1 per channel, (N, C)."""
        # (2) M_c(F) = sigmoid(W1(W0(F_avg)) + W1(W0(F_max))), with a ReLU after W0
        scores: Tensor = self.shared(x.mean(dim=(2, 3))) + self.shared(x.amax(dim=(2, 3)))
        return scores.sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with each channel scaled by its weight."""
        return x * self.weights(x)[:, :, None, None]  # (1) F' = M_c(F) F


class SpatialAttention(nn.Module):
    """Weight each place by the mean and the largest of its channels: CBAM's 'spatial attention'.

    Maps (N, C, H, W) to the same shape, for any C.

    Parameters
    ----------
    kernel_size : int
        Side of the one convolution; odd, 7 in the paper.
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def attention(self, x: Tensor) -> Tensor:
        """Return one weight in 0-1 per place, (N, H, W)."""
        described = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)  # (N, 2, H, W)
        scores: Tensor = self.conv(described)
        return scores.sigmoid()[:, 0]  # (3) M_s(F) = sigmoid(f7x7([F_avg; F_max]))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with each place scaled by its weight."""
        return x * self.attention(x)[:, None]  # (1) F'' = M_s(F') F'


class CBAM(nn.Module):
    """Channel attention, then spatial attention.

    Maps (N, C, H, W) to the same shape.
    """

    def __init__(self, channels: int, reduction: int = 16, kernel_size: int = 7) -> None:
        super().__init__()
        self.channel = ChannelAttention(channels, reduction)
        self.place = SpatialAttention(kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with each channel and each place scaled by its weight."""
        return self.attend(x)[0]

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the attended features (N, C, H, W) and the weight in 0-1 of each place, (N, H, W)."""
        refined: Tensor = self.channel(x)
        attention = self.place.attention(refined)
        return refined * attention[:, None], attention
