"""What goes wrong at a microscope, by how much: light, focus, stain, and a scale that is told wrongly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import hed2rgb, rgb2hed

Pixels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that goes wrong.

    Attributes
    ----------
    title : str
        With the unit of its levels.
    levels : sequence of float
        That are measured; `undisturbed` is one of them.
    undisturbed : float
        The level at which nothing is wrong.
    change : callable
        Pixels (H, W, 3) uint8, a level and micrometres a pixel to the pixels disturbed.
    of_scale : bool
        Whether the pixel size that is told is the true one times the level.
    """

    title: str
    levels: Sequence[float]
    undisturbed: float
    change: Callable[[Pixels, float, float], Pixels]
    of_scale: bool = False


def light(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image under a lamp that is so much brighter: all values times 1 + share, up to white."""
    del pixel_size_um
    return _bytes(pixels * (1.0 + share))


def shade(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image whose corners get so much less light than its middle, falling with the square of the distance."""
    del pixel_size_um
    y, x = (np.linspace(-1, 1, n) ** 2 / 2 for n in pixels.shape[:2])
    return _bytes(pixels * (1 - share * (y[:, None] + x))[..., None])


def blur(pixels: Pixels, sigma_um: float, pixel_size_um: float) -> Pixels:
    """Return an image out of focus: a Gaussian of so many micrometres."""
    sigma = sigma_um / pixel_size_um
    return _bytes(ndimage.gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0)))


def stain(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image with so much more of the blue dye and as much less of the red one.

    Ruifrok and Johnston 2001, as scikit-image has it: haematoxylin stands for azure B, which absorbs alike.
    """
    del pixel_size_um
    dyes = rgb2hed(pixels)
    dyes[..., 0] *= 1 + share
    dyes[..., 1] *= 1 - share
    return _bytes(255 * hed2rgb(dyes))


def _same(pixels: Pixels, level: float, pixel_size_um: float) -> Pixels:
    del level, pixel_size_um
    return pixels


DISTURBANCES: Mapping[str, Disturbance] = {
    "light": Disturbance("change of the light", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, light),
    "shade": Disturbance("loss of light in the corners", (0.0, 0.2, 0.4), 0.0, shade),
    "blur": Disturbance("blur, sigma in um", (0.0, 0.15, 0.3, 0.6), 0.0, blur),
    "stain": Disturbance("more blue, less red", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, stain),
    "scale": Disturbance("pixel size told, of the true one", (0.7, 0.85, 1.0, 1.2, 1.4), 1.0, _same, of_scale=True),
}
"""By name."""


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)
