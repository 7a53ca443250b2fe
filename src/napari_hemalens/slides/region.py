"""A rectangle of an image to analyse."""

from typing import TypeAlias

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.slide import Slide

Region: TypeAlias = tuple[int, int, int, int]
"""y0, x0, y1, x1 in level-0 pixels; the far edge is excluded."""


def check_region(region: Region | None, slide: Slide) -> Region:
    """Return a region clipped to the slide; by default the whole slide.

    Raises
    ------
    ImageError
        If the region lies outside the slide.
    """
    height, width = slide.shape
    if region is None:
        return 0, 0, height, width
    y0, x0, y1, x1 = region
    inside = max(0, y0), max(0, x0), min(height, y1), min(width, x1)
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        raise ImageError(
            f"The region y {y0} to {y1}, x {x0} to {x1} lies outside {slide}, which is {height} x {width} pixels."
        )
    return inside
