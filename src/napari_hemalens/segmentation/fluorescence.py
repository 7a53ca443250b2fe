"""Fluorescent nuclei: bright bodies on a dark ground, each outlined at a share of its own brightness."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.segmentation.density import otsu
from napari_hemalens.segmentation.shapes import (
    Labels,
    Mask,
    areas,
    disc,
    distance_to,
    fill_holes,
    kept,
    open_mask,
    split,
    typical,
)

_NOISE = 3.0  # standard deviations of the background that a nucleus stands out by
_FAINT = 0.5  # share of Otsu's threshold, on square roots, from which on a body is looked at
_OUTLINE = 0.4  # share of the brightness near by, at which a nucleus ends
_SMALLEST = 0.4  # typical nuclei: least diameter; micronuclei are a third at most (Fenech, Nat Protoc 2, 2007)
_CUT = 0.25  # the same for what the edge of the image cuts
_LARGEST = 6.0  # typical nuclei
_GRAIN = 0.03  # typical nuclei: sigma
_STAGES = 3


def fluorescence_steps(
    grey: NDArray[np.float32], recipe: SegmentationRecipe, pixel_size_um: float | None
) -> Steps[Labels]:
    """Find the nuclei of a fluorescence image; micronuclei are left out.

    Parameters
    ----------
    grey : (H, W) float32
        Brightness, in any unit.
    recipe : SegmentationRecipe
        Sizes, smoothing, threshold, split.
    pixel_size_um : float or None
        Micrometres per pixel; None: sizes go by the typical nucleus.

    Returns
    -------
    (H, W) int32
        Ids 1 to N.
    """
    size = _nucleus_diameter(ndimage.gaussian_filter(grey, 1), recipe)
    yield Progress(1, _STAGES, "measured the nuclei")
    if not size:
        return np.zeros(grey.shape, dtype=np.int32)
    bright = ndimage.gaussian_filter(grey, max(0.7, _GRAIN * size) * recipe.smoothing)
    bright = bright - _background(bright, _standing_out(bright, recipe), size)
    mask = _standing_out(bright, recipe) & (
        bright - np.median(bright) > _OUTLINE * recipe.threshold * _peaks(bright, size)
    )
    mask = open_mask(fill_holes(mask, disc(0.4 * size)), 0.06 * size)
    yield Progress(2, _STAGES, "found the nuclei")
    nuclei = split(mask, recipe.split)
    nuclei = kept(nuclei, _plausible(nuclei, size, recipe, pixel_size_um))
    yield Progress(3, _STAGES, f"{nuclei.max()} nuclei")
    return nuclei


def _nucleus_diameter(bright: NDArray[np.float32], recipe: SegmentationRecipe) -> float:
    """Return the diameter in pixels of the nucleus up to which half of the nuclear area lies; 0 where there is none."""
    nuclei = areas(split(_standing_out(bright, recipe), recipe.split))
    return typical(np.sqrt(4 / np.pi * nuclei), nuclei)


def _standing_out(bright: NDArray[np.float32], recipe: SegmentationRecipe) -> Mask:
    """Return what is brighter than the background, faint nuclei beside bright ones too."""
    ground = float(np.median(bright))
    noise = 1.4826 * float(np.median(ground - bright[bright <= ground]))  # the darker half is background alone
    roots = np.sqrt(np.clip(bright - ground, 0, None))  # brings faint and bright nuclei together
    level = max(np.sqrt(_NOISE * noise), _FAINT * recipe.threshold * otsu(roots.ravel()))
    mask: Mask = ndimage.binary_fill_holes(roots > level)
    return mask


def _background(bright: NDArray[np.float32], nuclei: Mask, size: float) -> NDArray[np.float32]:
    """Return the light between the nuclei, carried on under them."""
    step = max(1, int(size / 6))
    ground = (distance_to(nuclei) > 0.25 * size).astype(np.float32)
    middle = float(np.median(bright[ground > 0])) if ground.any() else float(bright.min())
    light = ndimage.gaussian_filter(((bright - middle) * ground)[::step, ::step], 1.5 * size / step)
    weight = ndimage.gaussian_filter(ground[::step, ::step], 1.5 * size / step)
    smooth: NDArray[np.float32] = resize(light / (weight + 1e-3), bright.shape, order=1, mode="edge") + middle
    return smooth.astype(np.float32)


def _peaks(bright: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Return how bright the brightest of the nucleus near by is, over the ground: a threshold for each nucleus."""
    step = max(1, int(size / 15))  # on a coarse grid, where a disc is a few pixels wide
    near = ndimage.gaussian_filter(bright - np.median(bright), 0.1 * size)[::step, ::step]
    radius = max(1, int(0.3 * size / step))
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    highest = ndimage.maximum_filter(near, footprint=np.hypot(rows, columns) <= radius)
    peaks: NDArray[np.float32] = resize(
        ndimage.gaussian_filter(highest, radius / 2), bright.shape, order=1, mode="edge"
    )
    return peaks.astype(np.float32)


def _plausible(
    nuclei: Labels, size: float, recipe: SegmentationRecipe, pixel_size_um: float | None
) -> NDArray[np.bool_]:
    """Return which ids have the size of a nucleus; what the edge cuts may be smaller."""
    smallest, largest = _SMALLEST * size, _LARGEST * size
    if pixel_size_um is not None:
        smallest = smallest if recipe.smallest_um is None else recipe.smallest_um / pixel_size_um
        largest = largest if recipe.largest_um is None else recipe.largest_um / pixel_size_um
    found = areas(nuclei)
    cut = np.zeros(len(found), dtype=bool)
    for edge in (nuclei[0], nuclei[-1], nuclei[:, 0], nuclei[:, -1]):
        cut[edge] = True
    least = np.where(cut, _CUT / _SMALLEST, 1) * smallest
    fits: NDArray[np.bool_] = (found >= np.pi / 4 * least**2) & (found <= disc(largest))
    return fits
