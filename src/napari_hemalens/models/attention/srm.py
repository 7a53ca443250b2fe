"""Style-based recalibration module (SRM).

Lee, Kim and Nam, ICCV 2019, https://arxiv.org/abs/1903.10829, equations 1-5.
"""

import torch
from torch import Tensor, nn

_LEAST = 1e-5  # added to variances: the root of 0 has no gradient


class SRM(nn.Module):
    """Weight each channel by its style: the mean and the standard deviation of its places.

    Maps (N, C, H, W) to the same shape. The channel-wise layer starts at chance. The authors start it at zero, where
    the normalisation that follows divides by a variance of nothing.

    Parameters
    ----------
    channels : int
        C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.combine = nn.Conv1d(channels, channels, 2, groups=channels, bias=False)  # w_c, two numbers a channel
        self.norm = nn.BatchNorm1d(channels)

    def weights(self, x: Tensor) -> Tensor:
        """Return one weight in 0-1 per channel, (N, C)."""
        variance, mean = torch.var_mean(x.flatten(2), dim=2, correction=0)  # (1), (2)
        style = torch.stack([mean, (variance + _LEAST).sqrt()], dim=2)  # (N, C, 2); (3) t = [mu, sigma]
        combined = self.combine(style)[..., 0]  # (N, C); (4) z_c = w_c . t_c
        normalised: Tensor = self.norm(combined)
        return normalised.sigmoid()  # (5)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with each channel scaled by its weight."""
        return x * self.weights(x)[:, :, None, None]
