"""A DNA stain in grey, however it is recorded: in grey, as a picture in any colour, or as one of several channels.

Cameras and programs give a stain the colour of a lookup table (DAPI blue, SYBR green, propidium iodide red), which is a
matter of display. The colour is found as the direction in which the picture varies most (first principal component);
grey is the sum along it, scaled so that the brightest channel of the stain keeps its values: a picture in blue gives
the numbers of the same picture in grey.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.channels import choose_channel, named_as_colours
from napari_hemalens.slides.plane import Plane
from napari_hemalens.slides.sample import sample_pixels
from napari_hemalens.slides.slide import COLOURS, Slide

_SHRINK = 4  # pixels: noise and the coarser colours of JPEG are averaged away before colours are compared
_SEVERAL = 0.01  # share of the variance that lies across the colour: noise and JPEG have half of it, two stains more
_LOOKUP = 256  # colours that one stain has at most, where a lookup table shows it in many (Fire, viridis)
_FAINT = 0.05  # share of the strongest channel, below which a channel is noise or compression
_BLUE = 0.1  # share of the strongest channel, from which blue is a stain of its own
_BRIGHT = 96  # grey level of the ground, above which a picture is no fluorescence


def dna_in_grey(slide: Slide) -> Slide:
    """Return the DNA stain of a slide as its only channel; a slide in grey stays as it is.

    - Of channels kept apart, the one named after a DNA stain is taken (`choose_channel`).
    - A picture in the colour of one stain becomes the grey of it; alpha is left out.
    - Of several stains in one picture blue is taken, the usual colour of DNA; where nothing is blue, nobody can tell.
    - A stained smear, on bright ground, becomes grey along the colour of its dyes.

    Raises
    ------
    ImageError
        If it cannot be told which channel is the stain.
    """
    slide = choose_channel(slide)
    level = slide.levels[-1]
    if level.shape[2] == 1:
        return slide
    if slide.channels and not named_as_colours(slide.channels):
        raise ImageError(
            f"{slide} has {len(slide.channels)} channels, and no name tells which is the DNA stain: "
            f"{slide.listed_channels}"
        )
    stored = sample_pixels(level, shrink=_SHRINK)
    pixels = stored[:, : len(COLOURS)].astype(np.float64)
    direction = _direction(pixels)
    bright = on_bright_ground(slide, stored)
    if not bright and _shows_several_stains(level, pixels, direction):
        spread = pixels.std(axis=0)
        if spread[2] < _BLUE * spread.max():
            raise ImageError(f"{slide} shows several stains, none of them blue: {slide.listed_channels}")
        return slide.with_light(2)
    return slide.with_light(_weights(direction, bright=bright))


def _direction(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colour (3,) in which pixels (N, 3) vary most, its sum above 0."""
    _, directions = np.linalg.eigh(np.cov(pixels.T)) if len(pixels) > 1 else (None, np.eye(3))
    direction: NDArray[np.float64] = directions[:, -1]
    return direction if direction.sum() > 0 else -direction


def _shows_several_stains(level: Plane, pixels: NDArray[np.float64], direction: NDArray[np.float64]) -> bool:
    """Return whether the colours of pixels (N, 3) are not the shades of one, nor taken from a lookup table."""
    varying = pixels - pixels.mean(axis=0)
    total = float((varying**2).sum())
    if total == 0 or 1 - float(((varying @ direction) ** 2).sum()) / total <= _SEVERAL:
        return False
    return len(np.unique(sample_pixels(level)[:, : len(COLOURS)], axis=0)) > _LOOKUP


def _weights(direction: NDArray[np.float64], *, bright: bool) -> int | tuple[float, ...]:
    """Return the channel that is the stain, or weights: on bright ground of a mean, which leaves white as it is.

    On black they are of a sum that is the brightest channel of a pure colour.
    """
    colour = np.where(direction >= _FAINT * direction.max(), direction, 0)
    if np.count_nonzero(colour) == 1:
        return int(np.argmax(colour))
    weights = colour / colour.sum() if bright else colour * colour.max() / (colour @ colour)
    return tuple(weights.tolist())


def on_bright_ground(slide: Slide, pixels: NDArray[Any]) -> bool:
    """Return whether stored pixels (N, C) of a slide lie on bright ground, as a stained smear does."""
    return bool(np.median(slide.contrast(pixels[:, None]).max(axis=-1)) >= _BRIGHT)
