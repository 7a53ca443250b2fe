"""Optical density of the dyes relative to empty glass, and what distinguishes nuclei, cytoplasm and red cells.

Colour deconvolution (Ruifrok and Johnston, Anal Quant Cytol Histol 23, 2001): densities of dyes add up. Romanowsky
stains colour a nucleus purple, which absorbs green and little blue; red cells and grey dirt absorb blue about as much
as green; azure cytoplasm absorbs red. With those three as a basis, the amount of purple is green minus blue.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.transform import resize

from napari_hemalens.segmentation.shapes import Mask, areas, distance_inside, distance_to, split, typical

Density = NDArray[np.float32]
"""(H, W, 3): decadic optical density of red, green and blue relative to glass, 0 to about 2.4."""

_PALEST = 70  # percentile of brightness above which pixels are taken as glass: crops are mostly cell
_DARKEST = 0.25  # mean density; darker pixels do not help to find where glass ends
_LEAST = 0.02  # minimum mean density of that limit, because of camera compression


def glass_colour(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the colour (3,) of the glass of an image (H, W, 3), in 0-255: the median of its brightest pixels."""
    brightness = rgb.sum(axis=2, dtype=np.uint16)
    glass: NDArray[np.float64] = np.median(rgb[brightness >= np.percentile(brightness, _PALEST)], axis=0)
    return glass


def optical_density(rgb: NDArray[np.uint8], glass: NDArray[np.float64] | None = None) -> Density:
    """Return the density of an image (H, W, 3) relative to glass of a colour (3,), by default its own."""
    glass = glass_colour(rgb) if glass is None else glass
    table = np.log10(np.arange(256, dtype=np.float32) + 1)  # 8 bits: a lookup instead of one logarithm per pixel
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
    """Return the amount of purple, high in nuclei; more `blue` excludes dark red cells but adds noise."""
    return density[..., 1] - np.float32(blue) * density[..., 2]


def glass_level(dark: NDArray[np.float32], among: Mask) -> float:
    """Return the darkness at which glass ends and pale cytoplasm begins.

    Otsu's threshold on square roots, which is lower than on the values: it separates glass from pale cytoplasm, not
    pale from dark.
    """
    below = dark[dark < 0]
    noise = float(np.sqrt(np.mean(np.square(below)))) if below.size else 0.0
    return max(_LEAST, 2.5 * noise, otsu(np.sqrt(np.clip(dark[among], 0, _DARKEST))) ** 2)


def otsu(values: NDArray[np.float32]) -> float:
    """Return Otsu's threshold; 0 if there are no values."""
    return float(threshold_otsu(values)) if values.size else 0.0


def body_diameter(density: Density) -> float:
    """Return the diameter in pixels of typical bodies, red or nucleated cells; 0 for bare glass.

    It sets the scale where the pixel size is not known. It is taken at a third of the area rather than at half, since
    clumps are too large and nothing is too small.
    """
    dark = darkness(smooth(density, 1))
    tissue = dark > glass_level(dark, np.ones(dark.shape, dtype=bool))
    tissue = ndimage.binary_fill_holes(tissue)  # red cells are pale in the middle
    bodies = split(tissue, 0.8)
    inside = distance_inside(np.pad(tissue, 1))[1:-1, 1:-1]  # a body cut by the edge counts with its visible width
    widths = 2 * ndimage.maximum(inside, bodies, np.arange(bodies.max() + 1))
    return typical(np.asarray(widths), areas(bodies), 0.3)


def flatten_light(density: Density, body: float) -> Density:
    """Return the density relative to the glass nearby, against uneven light; small images are left unchanged."""
    if min(density.shape[:2]) < 6 * body:
        return density
    dark = darkness(density)
    everywhere = np.ones(dark.shape, dtype=bool)
    glass = (distance_to(dark >= max(0.03, 0.7 * glass_level(dark, everywhere))) > 0.05 * body).astype(np.float32)
    step = max(1, int(body / 8))  # the light is smooth: an eighth of a body is fine enough
    weight = ndimage.gaussian_filter(glass[::step, ::step], 2 * body / step)
    flat = density.copy()
    for channel in range(3):
        light = ndimage.gaussian_filter((density[..., channel] * glass)[::step, ::step], 2 * body / step)
        flat[..., channel] -= resize(light / (weight + 1e-3), glass.shape, order=1).astype(np.float32)
    return flat
