"""A field of view: a rendered smear as seen through a microscope, with its truth."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.differential import Tissue
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.rendering.drawing import Stamp
from napari_hemalens.rendering.shapes import Patch
from napari_hemalens.rendering.smears import SMEARS, Cell, strew
from napari_hemalens.rendering.stain import Light, Stain

Box = tuple[int, int, int, int]
Part = tuple[slice, slice]

_LEAST_SHOWN = 0.1
"""Minimum visible fraction of a cell at the image's edge that an annotator would box."""


def render_field(
    shape: tuple[int, int] = (512, 512),
    *,
    pixel_size_um: float = 0.12,
    tissue: Tissue = "marrow",
    seed: int = 0,
    density: float = 1.0,
) -> tuple[NDArray[np.uint8], Detections]:
    """Render one field of a Wright-Giemsa smear.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    pixel_size_um : float
        Micrometres per pixel.
    tissue : {'marrow', 'blood'}
        Tissue of the smear; determines classes and crowding.
    seed : int
        The same seed and options give the same pixels; stain and light differ from seed to seed.
    density : float
        Number of cells, relative to the usual.

    Returns
    -------
    image : (H, W, 3) uint8, RGB
    truth : Detections
        The box of every cell with more than a tenth inside the image; scores are 1.

    Raises
    ------
    RecipeError
        If an option is out of its range.
    """
    _check(shape, pixel_size_um, tissue, density)
    rng = np.random.default_rng(seed)
    stain, light = Stain.draw_slide(rng), Light.draw_microscope(rng)
    dye = empty_slide(shape, pixel_size_um, rng)
    size_um = (shape[0] * pixel_size_um, shape[1] * pixel_size_um)
    boxes, classes = [], []
    for cell in strew(SMEARS[tissue], size_um, density, rng):
        box = lay(dye, *draw_cell(cell, pixel_size_um, rng))
        if box is not None:
            boxes.append(box)
            classes.append(MARROW_12.classes.index(cell.name))
    truth = Detections.from_arrays(
        boxes,
        np.ones(len(boxes)),
        classes,
        names=MARROW_12.classes,
        image_shape=shape,
        provenance=Provenance(f"{tissue}-{seed}", pixel_size_um, "given"),
    )
    return light.photograph(stain.transmission(dye), pixel_size_um, rng), truth


def lay(dye: NDArray[np.float32], stamp: Stamp, corner: tuple[int, int]) -> Box | None:
    """Add a cell to a slide, in place; the dyes of overlapping cells add up.

    Parameters
    ----------
    dye : (H, W, 3) float32
        The slide.
    stamp : Stamp
        The cell.
    corner : (int, int)
        Row and column of the stamp's first pixel; may lie outside the slide.

    Returns
    -------
    (y0, x0, y1, x1) or None
        The box of the visible part of the cell, far edge excluded; None if hardly any is visible.
    """
    place, part = overlap(dye.shape[:2], stamp, corner)
    dye[place] += stamp.dye[part]
    shown = stamp.body[part]
    if shown.sum() <= _LEAST_SHOWN * stamp.body.sum():
        return None
    rows = place[0].start + np.flatnonzero(shown.any(axis=1))
    columns = place[1].start + np.flatnonzero(shown.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def overlap(shape: Sequence[int], stamp: Stamp, corner: tuple[int, int]) -> tuple[Part, Part]:
    """Return the region of a slide of `shape` that a stamp covers, and the matching part of the stamp; may be empty."""
    place, part = [], []
    for first, side, whole in zip(corner, stamp.body.shape, shape, strict=True):
        near = min(max(first, 0), whole)
        far = max(min(first + side, whole), near)
        place.append(slice(near, far))
        part.append(slice(near - first, far - first))
    return (place[0], place[1]), (part[0], part[1])


def draw_cell(cell: Cell, pixel_size_um: float, rng: np.random.Generator) -> tuple[Stamp, tuple[int, int]]:
    """Draw a cell; return it with the row and column of its first pixel."""
    y, x = cell.y / pixel_size_um - 0.5, cell.x / pixel_size_um - 0.5
    row, column = round(y), round(x)
    # Outlines deviate from a circle by at most a quarter, and fray within a micrometre.
    patch = Patch.around(0.65 * cell.diameter + 1, pixel_size_um, rng, (y - row, x - column))
    stamp = cell.look.draw(patch, cell.diameter)
    reach = stamp.body.shape[0] // 2
    return stamp, (row - reach, column - reach)


def _check(shape: tuple[int, int], pixel_size_um: float, tissue: str, density: float) -> None:
    if tissue not in SMEARS:
        raise RecipeError(f"No tissue {tissue!r}. Known: {', '.join(SMEARS)}.")
    if min(shape) < 1 or not 0.02 <= pixel_size_um <= 1 or density < 0:
        raise RecipeError(
            f"Shape {shape}, pixel size {pixel_size_um} um, density {density}: sides must be at "
            "least 1 pixel, pixels 0.02 to 1 um wide, and the density not negative."
        )


def empty_slide(shape: tuple[int, int], pixel_size_um: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the dye (H, W, 3) of a slide without cells: a protein film and stain precipitate."""
    step = max(round(2 / pixel_size_um), 1)  # the film is smooth: drawn coarsely, then enlarged
    coarse = gaussian_filter(rng.standard_normal([s // step + 2 for s in shape]), 3, mode="wrap")
    film = np.clip(coarse / coarse.std(), 0, 3).repeat(step, axis=0).repeat(step, axis=1)
    film = gaussian_filter(film[: shape[0], : shape[1]], step)
    # Stain precipitates anywhere, most where the film is thickest.
    fallen = rng.random(shape) < np.where(film > 2.2, 40e-3, 0.4e-3) * pixel_size_um**2
    sigma = rng.uniform(0.12, 0.25) / pixel_size_um
    grains = gaussian_filter(fallen.astype(np.float32), sigma) * (2 * np.pi * sigma**2)
    dye: NDArray[np.float64] = film[..., None] * np.array([0.002, 0.006, 0.0])
    dye += np.clip(grains, 0, 1)[..., None] * np.array([0.6, 0.45, 0.0])
    return dye.astype(np.float32)
