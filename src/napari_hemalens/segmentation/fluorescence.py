"""Fluorescent nuclei: bright bodies on a dark background, each outlined at a fraction of its own brightness."""

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
    keep_labels,
    open_mask,
    split,
    typical,
)

_NOISE = 3.0  # a nucleus is brighter than the background by this many standard deviations
_FAINT = 0.5  # fraction of Otsu's threshold, on square roots, above which a body is considered
_OUTLINE = 0.4  # a nucleus ends at this fraction of its peak brightness
_SMALLEST = 0.4  # minimum diameter, in typical nuclei; micronuclei have at most a third (Fenech, Nat Protoc 2, 2007)
_CUT = 0.25  # the same for nuclei cut by the edge of the image
_LARGEST = 6.0  # maximum diameter, in typical nuclei
_GRAIN = 0.03  # sigma of the smoothing, in typical nuclei
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
        Micrometres per pixel; None: sizes are relative to the typical nucleus.

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
    nuclei = keep_labels(nuclei, _plausible(nuclei, size, recipe, pixel_size_um))
    yield Progress(3, _STAGES, f"{nuclei.max()} nuclei")
    return nuclei


def _nucleus_diameter(bright: NDArray[np.float32], recipe: SegmentationRecipe) -> float:
    """Return the diameter in pixels of the typical nucleus, the area-weighted median; 0 if there is none."""
    nuclei = areas(split(_standing_out(bright, recipe), recipe.split))
    return typical(np.sqrt(4 / np.pi * nuclei), nuclei)


def _standing_out(bright: NDArray[np.float32], recipe: SegmentationRecipe) -> Mask:
    """Return the mask of what is brighter than the background, including faint nuclei beside bright ones."""
    ground = float(np.median(bright))
    noise = 1.4826 * float(np.median(ground - bright[bright <= ground]))  # the darker half is only background
    roots = np.sqrt(np.clip(bright - ground, 0, None))  # reduces the range between faint and bright nuclei
    level = max(np.sqrt(_NOISE * noise), _FAINT * recipe.threshold * otsu(roots.ravel()))
    mask: Mask = ndimage.binary_fill_holes(roots > level)
    return mask


def _background(bright: NDArray[np.float32], nuclei: Mask, size: float) -> NDArray[np.float32]:
    """Return the background light, interpolated beneath the nuclei."""
    step = max(1, int(size / 6))
    ground = (distance_to(nuclei) > 0.25 * size).astype(np.float32)
    middle = float(np.median(bright[ground > 0])) if ground.any() else float(bright.min())
    light = ndimage.gaussian_filter(((bright - middle) * ground)[::step, ::step], 1.5 * size / step)
    weight = ndimage.gaussian_filter(ground[::step, ::step], 1.5 * size / step)
    smooth: NDArray[np.float32] = resize(light / (weight + 1e-3), bright.shape, order=1, mode="edge") + middle
    return smooth.astype(np.float32)


def _peaks(bright: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Return the peak brightness of the nearest nucleus above the background (H, W): the basis of its own threshold."""
    step = max(1, int(size / 15))  # coarse grid: keeps the footprint small
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
    """Return which ids have the size of a nucleus; those cut by the edge may be smaller."""
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
