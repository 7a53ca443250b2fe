"""What goes wrong at a microscope, by how much: light, focus, stain, and a scale that is told wrongly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_hemalens.rendering.stain import EXTINCTION

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


def white(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image as bright as before that has lost what a lamp so much brighter makes white.

    Of what `light` does, this is the part that no correction of brightness brings back.
    """
    return _bytes(light(pixels, share, pixel_size_um) / (1.0 + share))


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
    """Return an image with so much more azure and as much less eosin; haemoglobin and the ground stay.

    Densities of dyes add (`rendering.stain`), here on top of the ground, which is what all but a twentieth of the
    pixels are darker than. Nothing is cut off on the way, so that a share of 0 changes nothing.
    """
    del pixel_size_um
    ground = np.percentile(pixels.reshape(-1, 3), 95, axis=0).clip(min=1)
    dyes = -np.log10(pixels.clip(min=1) / ground) @ np.linalg.inv(EXTINCTION)
    dyes *= 1 + share, 1 - share, 1
    return _bytes(ground * 10 ** -(dyes @ EXTINCTION))


def _same(pixels: Pixels, level: float, pixel_size_um: float) -> Pixels:
    del level, pixel_size_um
    return pixels


DISTURBANCES: Mapping[str, Disturbance] = {
    "light": Disturbance("change of the light", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, light),
    "white": Disturbance("cut off at white, brightness kept", (0.0, 0.2, 0.4), 0.0, white),
    "shade": Disturbance("loss of light in the corners", (0.0, 0.2, 0.4), 0.0, shade),
    "blur": Disturbance("blur, sigma in um", (0.0, 0.15, 0.3, 0.45, 0.6), 0.0, blur),
    "stain": Disturbance("more azure, less eosin", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, stain),
    "scale": Disturbance("pixel size told, of the true one", (0.7, 0.85, 1.0, 1.2, 1.4), 1.0, _same, of_scale=True),
}
"""By name."""


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)
