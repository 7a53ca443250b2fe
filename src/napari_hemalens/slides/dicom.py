"""Whole slides in DICOM (VL Whole Slide Microscopy Image), read tile by tile by wsidicom."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.extras import optional_module
from napari_hemalens.formats.dicom_files import levels_of
from napari_hemalens.slides.by_region import ByRegion, Rectangle
from napari_hemalens.slides.pixel_size import steps_along
from napari_hemalens.slides.stored import Stored


def read_dicom(path: Path) -> Stored:
    """Open the slide in a folder, or that which a file belongs to, with all of its levels.

    Raises
    ------
    ImageError
        If there is none, a folder holds several, or wsidicom is not installed.
    """
    wsidicom = optional_module("wsidicom", "a DICOM slide", "slides")
    levels = levels_of(path)
    opened = wsidicom.WsiDicom.open([each.file for each in levels])
    size = levels[0].pixel_size_um
    return Stored(
        tuple(_level(opened, level) for level in opened.levels),
        axes="YXS",
        rgb=True,
        steps_um={} if size is None else steps_along({"Y": (size[0], "um"), "X": (size[1], "um")}),
        release=opened.close,
    )


def _level(slide: Any, level: Any) -> ByRegion:
    return ByRegion((level.size.height, level.size.width, 3), partial(_read, slide, level.level))


def _read(slide: Any, level: int, rectangle: Rectangle) -> NDArray[np.uint8]:
    y0, x0, y1, x1 = rectangle
    pixels: NDArray[np.uint8] = slide.read_region((x0, y0), level, (x1 - x0, y1 - y0), as_array=True)
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3]
