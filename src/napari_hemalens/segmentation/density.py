"""What the dyes absorb: optical density over the glass, and what tells nuclei, cytoplasm and red cells apart.

Colour deconvolution (Ruifrok and Johnston, Anal Quant Cytol Histol 23, 2001): densities of dyes add up. Romanowsky
stains colour a nucleus purple, which absorbs green and little blue; red cells and grey dirt absorb blue about as much
as green; azure cytoplasm absorbs red. With those three for a basis, the share of purple is green minus blue.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.transform import resize

from napari_hemalens.segmentation.shapes import Mask, areas, distance_inside, distance_to, split, typical

Density = NDArray[np.float32]
"""(H, W, 3): decadic optical density of red, green and blue over the glass, 0 to about 2.4."""

_PALEST = 70  # per cent of the pixels are darker than what the glass is measured on: crops are mostly cell
_DARKEST = 0.25  # mean density; more says nothing about where glass ends
_LEAST = 0.02  # mean density that glass may have after a camera's compression


def optical_density(rgb: NDArray[np.uint8]) -> Density:
    """Return the density of an image (H, W, 3) over its glass, which is the median of its palest pixels."""
    brightness = rgb.sum(axis=2, dtype=np.uint16)
    glass = np.median(rgb[brightness >= np.percentile(brightness, _PALEST)], axis=0)
    table = np.log10(np.arange(256, dtype=np.float32) + 1)  # 8 bits: a look-up in place of a logarithm a pixel
    density: Density = np.log10(glass + 1).astype(np.float32) - table[rgb]
    return density


def smooth(density: Density, sigma: float) -> Density:
    """Return the density smoothed by a Gaussian of `sigma` pixels."""
    channels = [ndimage.gaussian_filter(density[..., channel], sigma) for channel in range(3)]
    return np.stack(channels, axis=-1)


def darkness(density: Density) -> NDArray[np.float32]:
    """Return the mean density of the channels: (H, W)."""
    dark: NDArray[np.float32] = density.mean(axis=-1)
    return dark


def purple(density: Density, blue: float = 1.0) -> NDArray[np.float32]:
    """Return what nuclei absorb and red cells do not; more `blue` spares dark red cells, at the cost of noise."""
    return density[..., 1] - np.float32(blue) * density[..., 2]


def glass_level(dark: NDArray[np.float32], among: Mask) -> float:
    """Return the darkness at which glass ends and pale cytoplasm begins.

    Otsu's threshold on square roots, which lies lower than that of the values: between glass and the palest, not
    between pale and dark.
    """
    below = dark[dark < 0]
    noise = float(np.sqrt(np.mean(np.square(below)))) if below.size else 0.0
    return max(_LEAST, 2.5 * noise, otsu(np.sqrt(np.clip(dark[among], 0, _DARKEST))) ** 2)


def otsu(values: NDArray[np.float32]) -> float:
    """Return Otsu's threshold; that of one value is itself, that of none 0."""
    return float(threshold_otsu(values)) if values.size else 0.0


def body_diameter(density: Density) -> float:
    """Return the diameter in pixels of what a smear is full of, red cells or nucleated ones; 0 for bare glass.

    It is the scale of all else where the pixel size is not known. The lower third of the area counts, not half of it:
    what clings together is too large, nothing is too small.
    """
    dark = darkness(smooth(density, 1))
    tissue = dark > glass_level(dark, np.ones(dark.shape, dtype=bool))
    tissue = ndimage.binary_fill_holes(tissue)  # red cells are pale in the middle
    bodies = split(tissue, 0.8)
    inside = distance_inside(np.pad(tissue, 1))[1:-1, 1:-1]  # a body cut by the edge is no wider than it is seen
    widths = 2 * ndimage.maximum(inside, bodies, np.arange(bodies.max() + 1))
    return typical(np.asarray(widths), areas(bodies), 0.3)


def flatten_light(density: Density, body: float) -> Density:
    """Return the density over the glass near by, where light is uneven; images of a few bodies as they are."""
    if min(density.shape[:2]) < 6 * body:
        return density
    dark = darkness(density)
    everywhere = np.ones(dark.shape, dtype=bool)
    glass = (distance_to(dark >= max(0.03, 0.7 * glass_level(dark, everywhere))) > 0.05 * body).astype(np.float32)
    step = max(1, int(body / 8))  # what is smooth over bodies is not lost in every eighth of one
    weight = ndimage.gaussian_filter(glass[::step, ::step], 2 * body / step)
    flat = density.copy()
    for channel in range(3):
        light = ndimage.gaussian_filter((density[..., channel] * glass)[::step, ::step], 2 * body / step)
        flat[..., channel] -= resize(light / (weight + 1e-3), glass.shape, order=1).astype(np.float32)
    return flat
