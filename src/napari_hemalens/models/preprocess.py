"""What happens to pixels before a network sees them: one object serves training and inference."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Bring an image to the pixel size and the range that a network was trained at.

    Attributes
    ----------
    pixel_size_um : float
        Micrometres a pixel of the network's input.
    mean, std : (float, float, float)
        Of red, green and blue, as fractions of full scale.
    """

    pixel_size_um: float
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)

    def scale(self, pixel_size_um: float) -> float:
        """Return how many network pixels one pixel of an image of `pixel_size_um` becomes."""
        return pixel_size_um / self.pixel_size_um

    def normalised(self, images: Tensor) -> Tensor:
        """Return uint8 (..., 3, H, W) images as float32 of about zero mean and unit deviation."""
        mean = torch.tensor(self.mean, device=images.device)[:, None, None] * 255
        std = torch.tensor(self.std, device=images.device)[:, None, None] * 255
        return (images.to(torch.float32) - mean) / std


def normalised(crops: Tensor) -> Tensor:
    """Return uint8 crops (N, C, H, W), masks among their channels or not, as float32 of about zero mean."""
    return crops.to(torch.float32, copy=True).sub_(127.5).div_(63.75)


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Return uint8 (N, 3, H, W) images at `size` (height, width), smoothed where they shrink."""
    if tuple(images.shape[-2:]) == size:
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True)
