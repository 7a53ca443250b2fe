"""Small pictures of cells, to be looked at by a person."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.slides.slide import Slide

SIDE = 72
"""Pixels of a picture."""

WIDTH_UM = 22.0
"""What a picture spans at least, so that cells are seen at one scale: a neutrophil with some of its surroundings."""

_AROUND = 1.2  # of a cell that is larger, in its longer sides
_WIDER = 2.5  # of a cell of typical size, in its longer sides, where no pixel size is known


def picture_windows(boxes: NDArray[np.floating], pixel_size_um: float | None) -> NDArray[np.float64]:
    """Return the squares that pictures of the cells of one image show.

    Parameters
    ----------
    boxes : (N, 4) float
        y0, x0, y1, x1 in level-0 pixels.
    pixel_size_um : float or None
        Micrometres a pixel; None: cells of typical size fill the same part of their pictures.

    Returns
    -------
    (N, 4) float64
        y0, x0, y1, x1 in level-0 pixels; they may reach beyond the image.
    """
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    longer = (corners[:, 2:] - corners[:, :2]).max(axis=1)
    least = _WIDER * float(np.median(longer)) if len(longer) else 0.0
    if pixel_size_um is not None:
        least = WIDTH_UM / pixel_size_um
    half = np.maximum(_AROUND * longer, least)[:, None] / 2
    middles = (corners[:, :2] + corners[:, 2:]) / 2
    return np.concatenate([middles - half, middles + half], axis=1)


def cut_pictures(slide: Slide, windows: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield rows (n,) of windows and the pictures (n, 72, 72, 3) of what they show; beyond the slide is background.

    Raises
    ------
    ImageError
        If the image cannot be read, or has channels that are no colours.
    """
    from napari_hemalens.inference.crops import cut  # noqa: PLC0415 -- loads torch

    for rows, pixels in cut(slide, windows, side=SIDE):
        yield rows, pixels.permute(0, 2, 3, 1).contiguous().numpy()
