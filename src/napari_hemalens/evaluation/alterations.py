"""Images altered in what should not matter to the class of a cell: its stain, its surroundings, the focus.

A network that learned the laboratory instead of the cell fails on them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide

Alteration: TypeAlias = Callable[[NDArray[np.uint8], CellMap, np.random.Generator], NDArray[np.uint8]]
"""From an image (H, W, 3), its cells and a source of chance to the image altered."""


def altered(slide: Slide, cells: CellMap, kind: str, *, seed: int) -> Slide:
    """Return a slide as it would look under another stain, ground or focus.

    Raises
    ------
    RecipeError
        If there is no such alteration.
    """
    if kind not in ALTERATIONS:
        raise RecipeError(f"No alteration {kind!r}. Known: {', '.join(ALTERATIONS)}.")
    rgb = ALTERATIONS[kind](slide.read(0, 0, *slide.shape), cells, np.random.default_rng(seed))
    return replace(from_array(rgb, axes="YXC"), name=slide.name, pixel_size_um=slide.pixel_size_um)


def _stain(rgb: NDArray[np.uint8], cells: CellMap, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each colour absorbs 0.6 to 1.6 times as much, under a lamp of another tint."""
    del cells
    strength, lamp = np.exp(rng.uniform(np.log(0.6), np.log(1.6), 3)), rng.uniform(0.85, 1.0, 3)
    return _bytes(256 * lamp * ((rgb + 1.0) / 256) ** strength - 1)


def _background(rgb: NDArray[np.uint8], cells: CellMap, rng: np.random.Generator) -> NDArray[np.uint8]:
    """All that is no cell is grain of a colour drawn anew for each image."""
    ground = rng.uniform(120, 255, 3) + rng.normal(0, 6, rgb.shape)
    return np.where(cells.labels[..., None] > 0, rgb, _bytes(ground))


def _focus(rgb: NDArray[np.uint8], cells: CellMap, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blurred by up to 4 % of a cell's diameter."""
    sigma = rng.uniform(0.01, 0.04) * float(np.median(cells.diameters))
    return _bytes(ndimage.gaussian_filter(rgb.astype(np.float32), (sigma, sigma, 0)))


def _bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return values.round().clip(0, 255).astype(np.uint8)


ALTERATIONS: Mapping[str, Alteration] = {"stain": _stain, "background": _background, "focus": _focus}
