"""Colours of stained cells, brought to one reference.

Reinhard et al. 2001, https://doi.org/10.1109/38.946629: mean and deviation are matched, here of optical densities and
over the pixels of the cells alone. Methods that take two dyes apart (Macenko, Vahadane) need a field with both of them
and a background; a single cell cut out by a mask has neither. In grey, what is left is how much of the nuclear dyes
lies where: red and green light show them, blue light shows the eosin, the lamp and the camera.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.slide import Slide

_SAMPLE = 100  # cells that stand for all of an image
_AROUND = 0.25  # sides of a cell, around it
_LEAST = 0.03  # deviation that counts as colour; below it noise would be drawn out


@dataclass(frozen=True, slots=True)
class StainStatistics:
    """Optical density (log10) of the cells of one image: mean and deviation of red, green, blue."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


REFERENCE = StainStatistics((0.25, 0.5, 0.2), (0.12, 0.25, 0.06))
"""White cells of a Wright-Giemsa smear of middling strength."""

GREY = StainStatistics((0.375,) * 3, (0.185,) * 3)
"""The same in grey."""

FIELD = StainStatistics((0.09, 0.08, 0.03), (0.08, 0.1, 0.03))
"""All of such a smear where cells lie apart: mostly empty glass, which a match to cells would darken."""

FIELD_GREY = StainStatistics((0.085,) * 3, (0.09,) * 3)
"""The same in grey."""


def stain_of(slide: Slide, cells: CellMap, *, level: int, grey: bool = False) -> StainStatistics:
    """Measure the stain of an image by up to 100 of its cells, spread evenly over their numbers."""
    densities = [
        density(torch.from_numpy(pixels[labels == number]).float())
        for number, pixels, labels in _samples(slide, cells, level=level)
    ]
    found = torch.cat(densities)  # (pixels, 3)
    found = greyed(found.T[None])[0].T if grey else found
    if len(found) < 2:
        return GREY if grey else REFERENCE
    return StainStatistics(tuple(found.mean(dim=0).tolist()), tuple(found.std(dim=0).tolist()))


def dark_on_bright(slide: Slide, cells: CellMap, *, level: int) -> bool:
    """Return whether cells are darker than what lies around them: a stain in bright field, or a picture inverted."""
    inside, outside = [], []
    for number, pixels, labels in _samples(slide, cells, level=level, room=_AROUND):
        inside.append(pixels[labels == number])
        outside.append(pixels[labels == 0])
    if not sum(map(len, outside)):  # no cell, or nothing around them
        return False
    return bool(np.concatenate(inside).mean() < np.concatenate(outside).mean())


def _samples(
    slide: Slide, cells: CellMap, *, level: int, room: float = 0.0
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.int32]]]:
    """Yield the number, the box (h, w, 3) and its labels (h, w) of cells that stand for all, in pixels of a level.

    Boxes reach over the cell by `room` times its sides.
    """
    factor = slide.downsamples[level]
    height, width = slide.levels[level].shape[:2]
    for row in np.unique(np.linspace(0, len(cells) - 1, min(_SAMPLE, len(cells))).astype(int)):
        near, far = cells.boxes[row].reshape(2, 2)
        reach = room * (far - near)
        (y0, x0), (y1, x1) = (np.maximum(corner / factor, 0).astype(int) for corner in (near - reach, far + reach))
        y1, x1 = min(max(y1, y0 + 1), height), min(max(x1, x0 + 1), width)
        y, x = (
            np.minimum(((np.arange(low, high) + 0.5) * factor).astype(int), side - 1)
            for low, high, side in ((y0, y1, cells.labels.shape[0]), (x0, x1, cells.labels.shape[1]))
        )
        labels = cells.labels[y[:, None], x[None]]
        yield int(cells.ids[row]), slide.read(int(y0), int(x0), int(y1), int(x1), level=level), labels


def restained(pixels: Tensor, stain: StainStatistics, *, grey: bool = False, field: bool = False) -> Tensor:
    """Return colours (N, 3, H, W) in 0-255 as they would be, had the cells, or the field, been stained as a reference.

    Parameters
    ----------
    pixels : (N, 3, H, W) float32
        In 0-255.
    stain : StainStatistics
        What they are.
    grey : bool
        In grey.
    field : bool
        The statistics are of a whole field, not of cells.
    """
    reference = (FIELD_GREY if field else GREY) if grey else (FIELD if field else REFERENCE)
    densities = greyed(density(pixels)) if grey else density(pixels)
    mean, deviation, to_mean, to_deviation = (
        pixels.new_tensor(values)[:, None, None]
        for values in (stain.mean, stain.deviation, reference.mean, reference.deviation)
    )
    found = (densities - mean) / deviation.clamp(min=_LEAST) * to_deviation + to_mean
    return (256 * 10**-found - 1).clamp(0, 255)


def greyed(densities: Tensor) -> Tensor:
    """Return densities (N, 3, ...) with the mean of red and green in all three channels."""
    return densities[:, :2].mean(dim=1, keepdim=True).expand_as(densities)


def density(pixels: Tensor) -> Tensor:
    """Return optical densities, from 0 (white) to 2.41 (black), of values in 0-255."""
    return -torch.log10((pixels + 1) / 256)
