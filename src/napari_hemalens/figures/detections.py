"""The analysed image with every cell framed in its class's colour, to compare with the counts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_hemalens.records.contrast import ink_on
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.slide import Slide

_LONGEST = 4000  # pixels of the longer side: a whole slide becomes a picture that opens anywhere
_TILE = 2048


def overlay(slide: Slide, detections: Detections, *, longest: int = _LONGEST) -> Image.Image:
    """Return a picture of the slide with its cells, at most `longest` pixels on its longer side.

    Nucleated cells carry the name of their class, with a question mark where they are unsure.
    """
    picture = Image.fromarray(shrink_slide(slide, longest))
    scale = picture.width / slide.shape[1]
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(9, round(picture.height / 140)))
    width = max(1, round(min(picture.size) / 500))
    cells = zip((detections.boxes * scale).tolist(), detections.class_names.tolist(), detections.unsure, strict=True)
    for box, name, unsure in cells:
        y0, x0, y1, x1 = box
        colour = colour_of(name)
        draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour, width=width)
        if cell_class(name).nucleated:
            words = name.replace("_", " ") + "?" * bool(unsure)
            draw.rectangle(draw.textbbox((x0, y0), words, font=font, anchor="lb"), fill=colour)
            draw.text((x0, y0), words, ink_on(colour), font=font, anchor="lb")
    return picture


def shrink_slide(slide: Slide, longest: int) -> NDArray[np.uint8]:
    """Return the whole slide with no side over `longest` pixels: (h, w, 3), read piece by piece."""
    level = slide.best_level(min(1.0, longest / max(slide.shape)))
    height, width = slide.levels[level].shape[:2]
    step = max(1, -(-max(height, width) // longest))  # rounded up
    picture = np.empty((-(-height // step), -(-width // step), 3), dtype=np.uint8)
    side = max(1, _TILE // step) * step  # of a piece, whose pixels are all read though few are kept
    for y0, x0 in corners(height, width, side):
        y1, x1 = min(y0 + side, height), min(x0 + side, width)
        piece = slide.read(y0, x0, y1, x1, level=level)[::step, ::step]
        top, left = y0 // step, x0 // step
        picture[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return picture


def corners(height: int, width: int, side: int) -> Iterator[tuple[int, int]]:
    """Iterate over the top left corners of squares of `side` pixels that cover an area."""
    for y0 in range(0, height, side):
        for x0 in range(0, width, side):
            yield y0, x0
