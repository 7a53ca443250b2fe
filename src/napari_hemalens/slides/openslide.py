"""Slides of scanners whose files nothing else reads (MIRAX and others), region by region by OpenSlide."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.extras import optional_module
from napari_hemalens.slides.by_region import ByRegion, Rectangle
from napari_hemalens.slides.pixel_size import steps_along
from napari_hemalens.slides.stored import Stored


def read_openslide(path: Path) -> Stored:
    """Open a slide with all of its levels; what was not scanned is white.

    Raises
    ------
    ImageError
        If OpenSlide is not installed.
    """
    kind = f"{path.suffix.lower()[1:].upper()} of a slide scanner"
    slide = optional_module("openslide", kind, "slides").OpenSlide(path)
    sides = zip(slide.level_dimensions, slide.level_downsamples, strict=True)
    said = {axis: (slide.properties.get(f"openslide.mpp-{axis.lower()}"), "um") for axis in "YX"}
    return Stored(
        tuple(
            ByRegion((height, width, 3), partial(_read, slide, level, factor))
            for level, ((width, height), factor) in enumerate(sides)
        ),
        axes="YXS",
        rgb=True,
        steps_um=steps_along(said),
        release=slide.close,
    )


def _read(slide: Any, level: int, factor: float, rectangle: Rectangle) -> NDArray[np.uint8]:
    y0, x0, y1, x1 = rectangle
    place = round(x0 * factor), round(y0 * factor)  # OpenSlide takes it in pixels of the finest level
    rgba = np.asarray(slide.read_region(place, level, (x1 - x0, y1 - y0)))
    clear = 255 - rgba[..., 3:]
    if not clear.any():
        return np.ascontiguousarray(rgba[..., :3])
    alpha = rgba[..., 3:].astype(np.float32) / 255
    over_white: NDArray[np.uint8] = np.rint(rgba[..., :3] * alpha + clear).astype(np.uint8)
    return over_white
