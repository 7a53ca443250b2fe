"""Stained smears: nucleated cells with their nuclei."""

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.segmentation.cytoplasm import CONVEX, NECK, cell_mask
from napari_hemalens.segmentation.density import body_diameter, flatten_light, optical_density, smooth
from napari_hemalens.segmentation.joining import join_by_body, join_by_convexity
from napari_hemalens.segmentation.nuclei import nuclear_mask
from napari_hemalens.segmentation.shapes import Labels, Mask, areas, disc, distance_to, keep_labels, split

BODY_UM = 9.0  # between a red cell, 7.2 um across, and a white one, 8 to 20 um
_SMALLEST = (0.55, 0.65)  # minimum diameter of a cell, with unknown and known pixel size; in bodies, as below
_LARGEST = 6.0  # maximum diameter; a megakaryocyte is 50 um across
_JOINED = 4.0  # maximum diameter of a cell joined from several lobes
_PIECE = 0.65  # smaller pieces belong to the cell they touch
_LOBE = 0.12  # minimum diameter of a lobe of a nucleus
_NUCLEUS = 0.3  # minimum diameter of the nucleus of a cell, all lobes together
_GRAIN = 0.015  # sigma that removes the texture of chromatin and keeps lobes
_STAGES = 4


def smear_steps(
    rgb: NDArray[np.uint8], recipe: SegmentationRecipe, pixel_size_um: float | None
) -> Steps[tuple[Labels, Labels]]:
    """Find the nucleated cells of a stained smear.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
        0-255.
    recipe : SegmentationRecipe
        Sizes, smoothing, threshold, split.
    pixel_size_um : float or None
        Micrometres per pixel; None: sizes are relative to the typical body of the image.

    Returns
    -------
    labels, nuclei : (H, W) int32
        The same ids, 1 to N.

    Raises
    ------
    ImageError
        If the image is grey.
    """
    if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
        raise ImageError(
            "A grey image shows no stain: nuclei of a smear are found by their colour. For fluorescence that is shown "
            "dark on bright ground, choose the image type fluorescence (--kind fluorescence)."
        )
    density = optical_density(rgb)
    body = body_diameter(density) if pixel_size_um is None else BODY_UM / pixel_size_um
    yield Progress(1, _STAGES, "measured what the dyes absorb")
    nothing = np.zeros(rgb.shape[:2], dtype=np.int32)
    if not body:
        return nothing, nothing.copy()
    density = smooth(density, max(0.5, _GRAIN * body) * recipe.smoothing)
    density = flatten_light(density, body)
    lobes = split(nuclear_mask(density, body, threshold=recipe.threshold), recipe.split)
    lobes = keep_labels(lobes, areas(lobes) >= disc(_LOBE * body))
    yield Progress(2, _STAGES, "found the nuclei")
    if not lobes.any():
        return nothing, nothing.copy()
    mask = cell_mask(density, lobes > 0, body)
    yield Progress(3, _STAGES, "found the cytoplasm")
    cells = _cells(lobes, mask, body)
    cells = keep_labels(cells, _plausible(cells, lobes > 0, body, recipe, pixel_size_um=pixel_size_um))
    yield Progress(4, _STAGES, counted(int(cells.max()), "cell"))
    return cells, np.where(lobes > 0, cells, 0).astype(np.int32)


def _cells(lobes: Labels, mask: Mask, body: float) -> Labels:
    """Divide the mask among the lobes, each pixel to the nearest, and join the lobes of one cell."""
    parts = watershed(distance_to(lobes > 0), lobes, mask=mask).astype(np.int32)
    joined = join_by_body(parts, mask, neck=NECK, convex=CONVEX, largest=_JOINED * body)
    return join_by_convexity(joined, convex=CONVEX, smallest=_PIECE * body, largest=_JOINED * body)


def _plausible(
    cells: Labels, nuclei: Mask, body: float, recipe: SegmentationRecipe, *, pixel_size_um: float | None
) -> NDArray[np.bool_]:
    """Return which ids have the size of a cell with a nucleus; platelets and dirt do not."""
    smallest, largest = _SMALLEST[pixel_size_um is not None] * body, _LARGEST * body
    if pixel_size_um is not None:
        smallest = smallest if recipe.smallest_um is None else recipe.smallest_um / pixel_size_um
        largest = largest if recipe.largest_um is None else recipe.largest_um / pixel_size_um
    size = areas(cells)
    nuclear = np.bincount(cells[nuclei], minlength=len(size))
    fits: NDArray[np.bool_] = (size >= disc(smallest)) & (size <= disc(largest)) & (nuclear >= disc(_NUCLEUS * body))
    return fits
