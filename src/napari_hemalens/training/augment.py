"""Augmentation of training images: other microscopes, stains, lamps and lenses.

Geometry moves boxes with the pixels (torchvision's v2 transforms on its annotated tensors); the
rest changes pixels alone. Stain: Ruifrok and Johnston 2001, colour deconvolution; Tellez et al.
2018, doi:10.1109/TMI.2018.2820199, its use to augment.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as geometry

from napari_hemalens.config.training import DetectionTraining

# Optical densities of azure B and eosin Y in red, green and blue (unit length), and what is left
# over.
_DYES = torch.tensor([[0.74, 0.62, 0.26], [0.07, 0.93, 0.36], [0.60, -0.30, 0.74]])
_DYES = _DYES / _DYES.norm(dim=1, keepdim=True)
_UNMIX = torch.linalg.inv(_DYES)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw by a seed of its own in the block, and go on as if nothing had been drawn after it.

    On the processor alone: `torch.manual_seed` would note the stack of each call for every kind of device that was not
    used yet, and set the random numbers of a GPU that is.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def uniform(low: float, high: float) -> float:
    """Draw from [low, high) by torch's generator, which a worker seeds for each image."""
    return float(torch.empty(1).uniform_(low, high))


class RightAngle(v2.Transform):
    """Turn by 0, 90, 180 or 270 degrees."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the number of quarter turns, counter-clockwise."""
        del flat_inputs
        return {"turns": int(torch.randint(4, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Turn pixels or boxes."""
        return self._call_kernel(geometry.rotate, inpt, angle=90.0 * params["turns"], expand=True)


class PixelsOnly(v2.Transform):
    """A change that leaves boxes where they are: maps float images (3, H, W) in 0-1 to the same."""

    _transformed_types = (tv_tensors.Image,)

    @abstractmethod
    def change(self, image: Tensor) -> Tensor:
        """Return the changed image; values outside 0-1 are clipped by the caller."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Change the pixels of an image."""
        del params
        return tv_tensors.wrap(self.change(inpt).clamp(0, 1), like=inpt)


class Stain(PixelsOnly):
    """More or less of each dye on its own: density times 1 +- `amount`, and a little added."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def change(self, image: Tensor) -> Tensor:
        """Beer-Lambert: density is -log10 of transmission, and dyes add in it."""
        density = -image.clamp(min=1 / 255).log10().flatten(1)  # (3, H * W)
        dyes = _UNMIX.T @ density
        factor = torch.empty(3, 1).uniform_(1 - self.amount, 1 + self.amount)
        added = torch.empty(3, 1).uniform_(-self.amount, self.amount) * 0.05
        changed = torch.pow(10, -(_DYES.T @ (dyes * factor + added)))
        return changed.view_as(image)


class Tint(PixelsOnly):
    """Dyes of another maker: the density of red, green and blue each times 1 +- `amount`."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def change(self, image: Tensor) -> Tensor:
        """Scale densities: empty glass stays as it is."""
        factor = torch.empty(3, 1, 1).uniform_(1 - self.amount, 1 + self.amount)
        return image.clamp(min=1 / 255) ** factor


class Light(PixelsOnly):
    """Another lamp: brightness and colour of the light, gamma, and a slope across the field."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def change(self, image: Tensor) -> Tensor:
        """Scale each channel, bend the response, and shade one side."""
        _, height, width = image.shape
        lamp = uniform(1 - self.amount, 1 + self.amount / 2)
        colour = torch.empty(3, 1, 1).uniform_(1 - self.amount / 3, 1 + self.amount / 3)
        angle, slope = uniform(0, 2 * math.pi), uniform(0, self.amount)
        y = torch.linspace(-1, 1, height)[:, None]
        x = torch.linspace(-1, 1, width)[None, :]
        shade = 1 - slope * (0.5 + 0.35 * (math.sin(angle) * y + math.cos(angle) * x))
        gamma = math.exp(uniform(-self.amount, self.amount))
        return image.clamp(min=1e-4) ** gamma * lamp * colour * shade


class Optics(PixelsOnly):
    """A soft focus of up to so many pixels, or a grainy sensor, or neither."""

    def __init__(self, blur: float) -> None:
        super().__init__()
        self.blur = blur

    def change(self, image: Tensor) -> Tensor:
        """Blur, or add noise of up to 3 % of full scale."""
        kind = uniform(0, 1)
        if kind < 0.4:
            return blurred(image, uniform(0.3, self.blur))
        if kind < 0.6:
            return image + torch.randn_like(image) * uniform(0.005, 0.03)
        return image


class Glare(PixelsOnly):
    """Too much light for the sensor, by up to a share: what it makes white is lost, also where it is dimmed later."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def change(self, image: Tensor) -> Tensor:
        """Cut off at white; half of the images get their brightness back."""
        light = 1 + uniform(0, self.amount)
        seen = (image * light).clamp(max=1)
        return seen / light if uniform(0, 1) < 0.5 else seen


class Resolution(PixelsOnly):
    """A lens or a camera that resolves less: an image made smaller, down to a share of its side, and large again."""

    def __init__(self, least: float) -> None:
        super().__init__()
        self.least = least

    def change(self, image: Tensor) -> Tensor:
        """Average pixels, and interpolate between the averages."""
        height, width = image.shape[1:]
        share = uniform(self.least, 1)
        small = (max(8, round(height * share)), max(8, round(width * share)))
        shrunk = functional.interpolate(image[None], size=small, mode="bilinear", antialias=True)
        how = "bicubic" if uniform(0, 1) < 0.5 else "bilinear"
        return functional.interpolate(shrunk, size=(height, width), mode=how)[0]


class Jpeg(v2.Transform):
    """The blocks and blurred colours of JPEG at a quality of 40-95: maps uint8 images (3, H, W)."""

    _transformed_types = (tv_tensors.Image,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Encode and decode an image."""
        del params
        file = BytesIO()
        Image.fromarray(inpt.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=round(uniform(40, 95)))
        decoded = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)
        return tv_tensors.wrap(decoded, like=inpt)


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Return a (3, H, W) image after a Gaussian of `sigma` pixels."""
    radius = math.ceil(2.5 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=image.dtype)
    kernel = torch.exp(-(x**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    padded = functional.pad(image[None], (radius,) * 4, mode="reflect")
    rows = functional.conv2d(padded, kernel, groups=3)
    return functional.conv2d(rows, kernel.transpose(2, 3), groups=3)[0]


def augmentation(recipe: DetectionTraining) -> v2.Compose:
    """Return the transform of a training image: uint8 `Image`, `BoundingBoxes` in, the same out."""
    return v2.Compose(
        [
            RightAngle(),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.RandomAffine(0, shear=(-6, 6, -6, 6), fill=230)], p=0.2),
            v2.ToDtype(torch.float32, scale=True),
            v2.RandomApply([Stain(recipe.stain)], p=0.7),
            v2.RandomApply([Light(recipe.light)], p=0.7),
            Optics(recipe.blur),
            v2.RandomApply([Glare(recipe.glare)], p=0.3),
            v2.ToDtype(torch.uint8, scale=True),
            v2.RandomApply([Jpeg()], p=0.3),
        ]
    )
