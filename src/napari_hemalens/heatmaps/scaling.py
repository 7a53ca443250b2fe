"""Maps brought to the size of a crop, smoothed, and into 0-1."""

import math

import torch
from torch import Tensor
from torch.nn import functional

_FLAT = 1e-5  # of its largest value: a map that varies by less varies by rounding


def resized(maps: Tensor, side: int) -> Tensor:
    """Return maps (N, h, w) as float32 (N, side, side), bilinearly."""
    return functional.interpolate(maps[:, None].float(), size=(side, side), mode="bilinear")[:, 0]


def unit(maps: Tensor) -> Tensor:
    """Return maps (N, h, w), each moved and scaled to reach from 0 to 1; one that is the same everywhere is 0."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    span = high - low
    scaled = ((maps - low) / span.clamp(min=torch.finfo(maps.dtype).tiny)).clamp(0, 1)
    return torch.where(span > _FLAT * high.abs(), scaled, 0.0)


def smoothed(maps: Tensor, sigma: float) -> Tensor:
    """Return maps (N, h, w) smoothed with a Gaussian of deviation `sigma` pixels; beyond the edge goes on the edge."""
    if sigma == 0:
        return maps
    reach = math.ceil(3 * sigma)
    steps = torch.arange(-reach, reach + 1, dtype=maps.dtype, device=maps.device)
    bell = torch.exp(-(steps**2) / (2 * sigma**2))
    bell /= bell.sum()
    padded = functional.pad(maps[:, None], (reach,) * 4, mode="replicate")
    along = functional.conv2d(padded, bell[None, None, None])
    return functional.conv2d(along, bell[None, None, :, None])[:, 0]
