"""Colours brought to mean 0 and deviation 1 over the training images, channel by channel (Ullah et al. 2021, 3.2)."""

from typing import Any

import torch
from torch import Tensor, nn

from napari_hemalens.models.preprocess import normalised

_AT_ONCE = 64  # crops; more would be many gigabytes in 64 bits


class StandardColours(nn.Module):
    """Takes the mean of the training crops off each channel and divides by their deviation.

    Maps normalised crops (N, C, H, W) to the same shape. Until it is fitted it changes nothing; then its numbers are
    kept among the weights.

    Parameters
    ----------
    channels : int
        Of the crops, masks among them.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))

    @property
    def is_fitted(self) -> bool:
        """Whether training crops were measured."""
        return bool(self.mean.any() or (self.deviation != 1).any())

    def fit(self, crops: Tensor) -> None:
        """Measure training crops (N, C, H, W) uint8; a channel of one value is left as it is."""
        moments = [self._moments(part) for part in crops.split(_AT_ONCE)]
        mean, square = (torch.stack(column).sum(dim=0) / len(crops) for column in zip(*moments, strict=True))
        deviation = (square - mean**2).clamp(min=0).sqrt()
        flat = deviation < 1e-6
        self.mean.copy_(mean.masked_fill(flat, 0)[:, None, None])
        self.deviation.copy_(deviation.masked_fill(flat, 1)[:, None, None])

    def forward(self, crops: Tensor) -> Tensor:
        """Return the crops in standard colours."""
        return (crops - self.mean) / self.deviation

    @staticmethod
    def _moments(crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean of a value and of its square in each crop, added up over crops: (C,) each, in 64 bits."""
        values = normalised(crops).double()
        return values.mean(dim=(2, 3)).sum(dim=0), values.square().mean(dim=(2, 3)).sum(dim=0)


def with_standard_colours(first_stage: Any, channels: int) -> nn.Sequential:
    """Return the first stage of a network behind them."""
    return nn.Sequential(StandardColours(channels), *first_stage.children())


def fit_colours(network: nn.Module, crops: Tensor) -> None:
    """Measure the training crops (N, C, H, W) uint8 of a network, if it wants that and was not trained before."""
    for module in network.modules():
        if isinstance(module, StandardColours) and not module.is_fitted:
            module.fit(crops)
