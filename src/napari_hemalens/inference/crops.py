"""Crops around the cells of a label image, many at once.

Cells are taken block by block: a block of the slide is read once, and all crops of the cells whose centres lie in it
are sampled from it together (`sampling`).
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference.sampling import sampled
from napari_hemalens.inference.stain import StainStatistics, dark_on_bright, restained, stain_of
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.contrast import Contrast
from napari_hemalens.slides.dna import dna_in_grey
from napari_hemalens.slides.slide import Slide

_BLOCK = 1024  # pixels of the slide's level that are read at once, along a side, and the reach of crops


def crop_width(cells: CellMap, recipe: CropRecipe, pixel_size_um: float | None) -> float:
    """Return what a crop shows, in level-0 pixels.

    Raises
    ------
    ImageError
        If the crop is asked for in micrometres and the pixel size is not known.
    """
    if recipe.unit == "diameter":
        return recipe.width * float(np.median(cells.diameters))
    if recipe.unit == "field":
        return recipe.width * float(max(cells.labels.shape))
    if pixel_size_um is None:
        raise ImageError("The pixel size of the image is not known, and crops are asked for in micrometres: give it.")
    return recipe.width / pixel_size_um


@dataclass(frozen=True, slots=True, eq=False)
class CropSource:
    """An image as its crops show it, with all that is measured once on it and on all of its cells.

    Attributes
    ----------
    slide : Slide
        What is cropped.
    cells : CellMap
        All cells of the image, in level-0 pixels.
    recipe : CropRecipe
        What a crop is.
    width : float
        What a crop shows, in level-0 pixels; see `crop_width`.
    stain : StainStatistics or None
        What is taken out of the colours; None: they stay as they are.
    """

    slide: Slide
    cells: CellMap
    recipe: CropRecipe
    width: float
    stain: StainStatistics | None

    @classmethod
    def of(cls, slide: Slide, cells: CellMap, recipe: CropRecipe, *, width: float) -> Self:
        """Look at an image before crops are cut from it."""
        if recipe.light == "fluorescence":
            slide = dna_on_black(slide, cells)
        level = slide.best_level((recipe.detail or recipe.side) / width)
        stain = None if recipe.stain == "as_is" else stain_of(slide, cells, level=level, grey=recipe.stain == "grey")
        return cls(slide, cells, recipe, width, stain)

    @property
    def side(self) -> int:
        """Pixels a side that are sampled from the image."""
        return self.recipe.detail or self.recipe.side

    @property
    def level(self) -> int:
        """The level of the slide that is read."""
        return self.slide.best_level(self.side / self.width)

    def blocks(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return the rows of cells that are cropped together: what is seen of them depends on no other cell's crop."""
        middles = self.cells.centres[rows] + 0.5  # from centres of pixels to their edges
        return [rows[part] for part in _blocks(middles / self.slide.downsamples[self.level])]

    def crops(self, rows: NDArray[np.int64], *, batch: int) -> Generator[tuple[NDArray[np.int64], Tensor], None, None]:
        """Yield the crops of some cells, at most `batch` at once; see the function `crops`."""
        for block in self.blocks(rows):
            yield from self._crops_of_block(block, batch)

    def _crops_of_block(self, block: NDArray[np.int64], batch: int) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        recipe, factor = self.recipe, self.slide.downsamples[self.level]
        corners = self.cells.centres[block] + 0.5 - self.width / 2  # (n, 2) y, x
        windows = np.concatenate([corners, corners + self.width], axis=1) / factor
        area, origin = _read(self.slide, self.level, windows, dark=recipe.light == "fluorescence")
        if self.stain is not None:
            area = restained(area, self.stain, grey=recipe.stain == "grey", field=recipe.unit == "field")
        if recipe.neighbours == "masks":
            area = area[:, : recipe.channels - 2]  # fluorescence is grey: the masks take the place of green and blue
        for part in np.array_split(np.arange(len(block)), math.ceil(len(block) / batch)):
            pixels = sampled(area, windows[part] - origin, self.side)
            layout = _Layout(block[part], corners[part], self.width)
            parts = _with_neighbours(pixels, self.cells, layout, recipe)
            yield block[part], torch.cat([_bytes(values, recipe.side) for values in parts], dim=1)


def crops(  # noqa: PLR0913 -- what a crop is made of
    slide: Slide,
    cells: CellMap,
    recipe: CropRecipe,
    *,
    width: float,
    batch: int,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Yield crops of cells, at most `batch` at once.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Where its cells are, in level-0 pixels.
    recipe : CropRecipe
        What a crop is.
    width : float
        What a crop shows, in level-0 pixels; see `crop_width`.
    batch : int
        Most crops at once.
    rows : (M,) int64, optional
        Of which cells; None: of all. What is measured on all cells of the image, their stain, stays that of all.

    Yields
    ------
    indices : (n,) int64
        Which cells: rows of `cells`.
    pixels : (n, channels, side, side) uint8
        Their crops. Beyond the edge of the slide lies its background; masks are 0 or 255.
    """
    wanted = np.arange(len(cells)) if rows is None else rows
    yield from CropSource.of(slide, cells, recipe, width=width).crops(wanted, batch=batch)


def dna_on_black(slide: Slide, cells: CellMap) -> Slide:
    """Return the DNA stain of a slide as the networks of fluorescence see it: grey, square-rooted, on black.

    Raises
    ------
    ImageError
        If it cannot be told which of the channels it is.
    """
    grey = dna_in_grey(slide)
    dark = dark_on_bright(grey, cells, level=len(grey.levels) - 1)
    return replace(grey, contrast=Contrast.for_fluorescence(grey.levels[-1], dark_on_bright=dark))


def cut(
    slide: Slide, windows: NDArray[np.float64], *, side: int, batch: int = 256
) -> Generator[tuple[NDArray[np.int64], Tensor], None, None]:
    """Yield what square windows of any size show, at most `batch` at once.

    Parameters
    ----------
    slide : Slide
        The image.
    windows : (N, 4) float64
        y0, x0, y1, x1 in level-0 pixels; what lies beyond the slide is its background.
    side : int
        Of what is yielded, in pixels.
    batch : int
        Most windows at once.

    Yields
    ------
    indices : (n,) int64
        Rows of `windows`.
    pixels : (n, 3, side, side) uint8
        What they show.
    """
    for level, block in blocks_of(slide, windows, side=side):
        scaled = windows[block] / slide.downsamples[level]
        area, origin = _read(slide, level, scaled, dark=False)
        for part in np.array_split(np.arange(len(block)), math.ceil(len(block) / batch)):
            yield block[part], _bytes(sampled(area, scaled[part] - origin, side), side)


def blocks_of(slide: Slide, windows: NDArray[np.float64], *, side: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the level of the slide, and the rows of the windows, that `cut` reads together; see there.

    What is seen of a block, and in which batches, depends on the windows of that block alone.
    """
    levels = np.array([slide.best_level(side / width) for width in windows[:, 2] - windows[:, 0]], dtype=np.int64)
    for level in np.unique(levels):
        rows, scaled = np.flatnonzero(levels == level), windows / slide.downsamples[level]
        for part in _blocks((scaled[rows, :2] + scaled[rows, 2:]) / 2):
            yield int(level), rows[part]


def _bytes(values: Tensor, side: int) -> Tensor:
    """Return (n, c, h, w) in 0-255 at a side in pixels, as uint8; averages leave that range nowhere."""
    if values.shape[-1] != side:
        values = functional.interpolate(values.float(), size=side, mode="bilinear", antialias=True)
    return values if values.dtype == torch.uint8 else values.round_().to(torch.uint8)


def _blocks(centres: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Return the rows of cells whose centres (N, 2) lie in the same block."""
    if not len(centres):
        return []
    rows, columns = (centres // _BLOCK).astype(np.int64).T
    order = np.lexsort((columns, rows))
    changes = np.flatnonzero(np.diff(rows[order]) | np.diff(columns[order])) + 1
    return [order[start:end] for start, end in pairwise([0, *changes.tolist(), len(order)])]


def _read(slide: Slide, level: int, windows: NDArray[np.float64], *, dark: bool) -> tuple[Tensor, NDArray[np.float64]]:
    """Return what windows (n, 4) of a level cover, (1, 3, h, w) in 0-255, and its corner y, x, y, x."""
    y0, x0 = (math.floor(v) - 1 for v in windows[:, :2].min(axis=0))
    y1, x1 = (math.ceil(v) + 1 for v in windows[:, 2:].max(axis=0))
    height, width = slide.levels[level].shape[:2]
    top, left, bottom, right = max(y0, 0), max(x0, 0), min(y1, height), min(x1, width)
    pixels = torch.from_numpy(slide.read(top, left, bottom, right, level=level)).permute(2, 0, 1)[None].float()
    beyond = (left - x0, x1 - right, top - y0, y1 - bottom)
    empty = 0.0 if dark else _bright(pixels)
    return functional.pad(pixels - empty, beyond) + empty, np.array([y0, x0, y0, x0], dtype=np.float64)


def _bright(pixels: Tensor) -> Tensor:
    """Return the colour of empty glass in images (n, 3, h, w): (n, 3, 1, 1)."""
    return pixels[:, :, ::4, ::4].flatten(2).quantile(0.95, dim=2)[..., None, None]


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Rows (n,) of the cells, where their crops begin (n, 2) as y, x, and how wide they are, in level-0 pixels."""

    rows: NDArray[np.int64]
    corners: NDArray[np.float64]
    width: float


def _with_neighbours(pixels: Tensor, cells: CellMap, layout: _Layout, recipe: CropRecipe) -> tuple[Tensor, ...]:
    """Return crops (n, c, h, w) in 0-255 of (n, 3, h, w), with what is said of all that is not the cell.

    The channels lie in one tensor, or in two: of the image, and masks, which are bytes as they come.
    """
    if recipe.neighbours == "seen":
        return (pixels,)
    own, others = masks(cells, layout.rows, layout.corners, side=pixels.shape[-1], width=layout.width)
    dark = recipe.light == "fluorescence"
    if recipe.neighbours == "hidden":
        return (torch.where(own, pixels, 0.0 if dark else 255.0),)
    if recipe.neighbours == "dimmed":
        return (torch.where(others, (pixels + (0.0 if dark else _bright(pixels))) / 2, pixels),)
    return pixels, torch.cat([own, others], dim=1).view(torch.uint8).mul_(255)


def masks(
    cells: CellMap, which: NDArray[np.int64], corners: NDArray[np.float64], *, side: int, width: float
) -> tuple[Tensor, Tensor]:
    """Return where the cell itself is and where others are: two (n, 1, side, side) bool.

    Parameters
    ----------
    cells : CellMap
        Where all cells are.
    which : (n,) int64
        Rows of `cells`.
    corners : (n, 2) float64
        Of the crops, y and x in level-0 pixels.
    side, width : int, float
        Of the crops, in pixels of their own and of level 0.
    """
    steps = (np.arange(side) + 0.5) * (width / side)
    (y, x), (height, wide) = np.floor(corners.T[:, :, None] + steps).astype(np.int64), cells.labels.shape
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < wide))[:, None, :]
    labels = cells.labels[y.clip(0, height - 1)[:, :, None], x.clip(0, wide - 1)[:, None, :]]
    own = inside & (labels == cells.ids[which][:, None, None])
    others = inside & (labels != 0) & ~own
    return torch.from_numpy(own)[:, None], torch.from_numpy(others)[:, None]
