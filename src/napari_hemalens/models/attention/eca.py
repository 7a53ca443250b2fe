"""Efficient channel attention (ECA).

Wang et al., ECA-Net, CVPR 2020, https://arxiv.org/abs/1910.03151; used by Ullah et al. 2021 (Appl. Sci. 11:10662)
with k = 9.
"""

import math

from torch import Tensor, nn


def adaptive_kernel_size(channels: int, gamma: float = 2, b: float = 1) -> int:
    """Return the kernel size that suits a number of channels by the formula of ECA-Net.

    k = | log2(C) / gamma + b / gamma | odd, the nearest odd number, the larger of two: for the blocks of VGG16, of 64,
    128, 256, 512 and 512 channels, it is 3, 5, 5, 5 and 5.
    """
    return int(abs(math.log2(channels) / gamma + b / gamma)) | 1  # 3.5 -> 3, 4.5 -> 5, 4 -> 5


class ECA(nn.Module):
    """Weight each channel by its neighbours, without dimensionality reduction.

    Maps (N, C, H, W) to the same shape.

    Parameters
    ----------
    kernel_size : int
        k, the channels that one weight is made of; odd.
    """

    def __init__(self, kernel_size: int = 9) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` scaled by one weight in 0-1 per channel."""
        pooled = x.mean(dim=(2, 3))  # (N, C); y, global average pooling
        weights = self.conv(pooled[:, None]).sigmoid()[:, 0]  # (N, C); w = sigmoid(C1D_k(y))
        scaled: Tensor = x * weights[:, :, None, None]
        return scaled
