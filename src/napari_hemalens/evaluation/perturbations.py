"""Images changed on purpose, to measure what a network's results depend on.

Two kinds. Those in `CELL_PERTURBATIONS` change what should not matter to the class of a cell (stain, surroundings,
focus) and need to know where the cells are: a network that learned the laboratory instead of the cell fails on them.
Those in `FIELD_PERTURBATIONS` are what goes wrong at a microscope, by how much: light, focus, stain, and a pixel size
that is given wrongly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.rendering.stain import EXTINCTION
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide

Pixels: TypeAlias = NDArray[np.uint8]
CellPerturbation: TypeAlias = Callable[[Pixels, CellMap, np.random.Generator], Pixels]
"""Maps an image (H, W, 3), its cells and a random generator to the changed image."""


def perturb_around_cells(slide: Slide, cells: CellMap, name: str, *, seed: int) -> Slide:
    """Return a slide as it would look with another stain, background or focus.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Its cells, in the same frame.
    name : str
        A key of `CELL_PERTURBATIONS`.
    seed : int
        Of the random generator: the same seed gives the same image.

    Raises
    ------
    RecipeError
        If there is no such perturbation.
    """
    if name not in CELL_PERTURBATIONS:
        raise RecipeError(f"No perturbation {name!r}. Known: {', '.join(CELL_PERTURBATIONS)}.")
    rgb = CELL_PERTURBATIONS[name](slide.read(0, 0, *slide.shape), cells, np.random.default_rng(seed))
    return replace(from_array(rgb, axes="YXC"), name=slide.name, pixel_size_um=slide.pixel_size_um)


def restain(rgb: Pixels, cells: CellMap, rng: np.random.Generator) -> Pixels:
    """Return an image in which each colour absorbs 0.6 to 1.6 times as much, under a lamp of another tint."""
    del cells
    strength, lamp = np.exp(rng.uniform(np.log(0.6), np.log(1.6), 3)), rng.uniform(0.85, 1.0, 3)
    return _to_uint8(256 * lamp * ((rgb + 1.0) / 256) ** strength - 1)


def replace_background(rgb: Pixels, cells: CellMap, rng: np.random.Generator) -> Pixels:
    """Return an image with noise around one random colour in place of all that is not a cell."""
    background = rng.uniform(120, 255, 3) + rng.normal(0, 6, rgb.shape)
    return np.where(cells.labels[..., None] > 0, rgb, _to_uint8(background))


def defocus(rgb: Pixels, cells: CellMap, rng: np.random.Generator) -> Pixels:
    """Return an image blurred by a Gaussian with a sigma of 1 to 4 % of the median cell diameter."""
    sigma = rng.uniform(0.01, 0.04) * float(np.median(cells.diameters))
    return _to_uint8(ndimage.gaussian_filter(rgb.astype(np.float32), (sigma, sigma, 0)))


CELL_PERTURBATIONS: Mapping[str, CellPerturbation] = {
    "stain": restain,
    "background": replace_background,
    "focus": defocus,
}


@dataclass(frozen=True, slots=True)
class FieldPerturbation:
    """One thing that goes wrong at a microscope, at several levels.

    Attributes
    ----------
    title : str
        What is changed, with the unit of its levels.
    levels : sequence of float
        The levels that are measured; `neutral` is one of them.
    neutral : float
        The level at which nothing is changed.
    change : callable
        Maps pixels (H, W, 3) uint8, a level and a pixel size in micrometres to the changed pixels.
    changes_scale : bool
        Whether the pixel size that is reported is the true one times the level.
    """

    title: str
    levels: Sequence[float]
    neutral: float
    change: Callable[[Pixels, float, float], Pixels]
    changes_scale: bool = False


def light(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image under a brighter lamp: all values times 1 + share, clipped at white."""
    del pixel_size_um
    return _to_uint8(pixels * (1.0 + share))


def white(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image as bright as before, without the detail that a brighter lamp clips at white.

    This is the part of `light` that no correction of brightness can restore.
    """
    return _to_uint8(light(pixels, share, pixel_size_um) / (1.0 + share))


def shade(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return a vignetted image: light falls with the square of the distance from the centre, by `share` in corners."""
    del pixel_size_um
    y, x = (np.linspace(-1, 1, n) ** 2 / 2 for n in pixels.shape[:2])
    return _to_uint8(pixels * (1 - share * (y[:, None] + x))[..., None])


def blur(pixels: Pixels, sigma_um: float, pixel_size_um: float) -> Pixels:
    """Return an image out of focus: blurred by a Gaussian of `sigma_um` micrometres."""
    sigma = sigma_um / pixel_size_um
    return _to_uint8(ndimage.gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0)))


def stain(pixels: Pixels, share: float, pixel_size_um: float) -> Pixels:
    """Return an image with more azure and less eosin, each by `share`; haemoglobin and the background stay.

    Optical densities of dyes add (`rendering.stain`), here on top of the background, taken as the 95th percentile of
    each channel. Nothing is clipped on the way, so that a share of 0 changes nothing.
    """
    del pixel_size_um
    background = np.percentile(pixels.reshape(-1, 3), 95, axis=0).clip(min=1)
    dyes = -np.log10(pixels.clip(min=1) / background) @ np.linalg.inv(EXTINCTION)
    dyes *= 1 + share, 1 - share, 1
    return _to_uint8(background * 10 ** -(dyes @ EXTINCTION))


def _keep(pixels: Pixels, level: float, pixel_size_um: float) -> Pixels:
    del level, pixel_size_um
    return pixels


FIELD_PERTURBATIONS: Mapping[str, FieldPerturbation] = {
    "light": FieldPerturbation("change of the light", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, light),
    "white": FieldPerturbation("clipped at white, brightness kept", (0.0, 0.2, 0.4), 0.0, white),
    "shade": FieldPerturbation("loss of light in the corners", (0.0, 0.2, 0.4), 0.0, shade),
    "blur": FieldPerturbation("blur, sigma in um", (0.0, 0.15, 0.3, 0.45, 0.6), 0.0, blur),
    "stain": FieldPerturbation("more azure, less eosin", (-0.4, -0.2, 0.0, 0.2, 0.4), 0.0, stain),
    "scale": FieldPerturbation(
        "pixel size given / true pixel size", (0.7, 0.85, 1.0, 1.2, 1.4), 1.0, _keep, changes_scale=True
    ),
}


def _to_uint8(values: NDArray[np.floating]) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)
