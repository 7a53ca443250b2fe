"""The image with every cell of its label image outlined in the colour of its class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont
from skimage.segmentation import find_boundaries

from napari_hemalens.figures.detections import shrink_slide
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.palette import colour_of
from napari_hemalens.slides.slide import Slide

_LONGEST = 4000  # pixels of the longer side, as in `overlay`
_TINT = 0.2  # opacity of the class's colour inside a cell


def class_picture(
    slide: Slide, labels: NDArray[Any], result: Classified, *, longest: int = _LONGEST, tint: float = _TINT
) -> Image.Image:
    """Return a picture of the slide with its cells and a legend, at most `longest` pixels on its longer side.

    Parameters
    ----------
    slide : Slide
        The image.
    labels : (H, W) int
        Its cells; those that were not classified stay without colour.
    result : Classified
        Their classes.
    longest : int
        Largest length of the longer side, in pixels.
    tint : float
        Opacity in 0-1 of the class's colour inside a cell.
    """
    pixels = shrink_slide(slide, longest)
    rows, columns = (np.arange(n) * full // n for n, full in zip(pixels.shape[:2], labels.shape, strict=True))
    seen = labels[np.ix_(rows, columns)]
    colours = np.array([ImageColor.getrgb(colour_of(name))[:3] for name in result.names], dtype=np.uint8)
    place = np.searchsorted(result.ids, seen).clip(max=max(0, len(result) - 1))
    known = (seen != 0) & (result.ids[place] == seen) if len(result) else np.zeros(seen.shape, dtype=bool)
    named = result.classes[place[known]]
    pixels[known] = ((1 - tint) * pixels[known] + tint * colours[named]).astype(np.uint8)
    edge = find_boundaries(seen, mode="inner", background=0) & known
    pixels[edge] = colours[result.classes[place[edge]]]
    picture = Image.fromarray(pixels)
    _draw_legend(picture, result)
    return picture


def _draw_legend(picture: Image.Image, result: Classified) -> None:
    """Write the classes with their counts into the upper left corner."""
    draw = ImageDraw.Draw(picture)
    size = max(10, round(picture.height / 60))
    font = ImageFont.load_default(size)
    y = 4.0
    for name, count in result.counts().items():
        words = f"{name} {count:,}"
        _, _, right, bottom = draw.textbbox((size + 16, y + 2), words, font=font)
        draw.rectangle((4, y, right + 6, bottom + 4), fill="black")
        draw.rectangle((10, bottom - size + 1, size + 10, bottom + 1), fill=colour_of(name), outline="white")
        draw.text((size + 16, y + 2), words, "white", font=font)  # dark colours cannot be read on black
        y = bottom + 4
