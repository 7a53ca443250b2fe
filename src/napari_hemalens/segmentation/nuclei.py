"""The nuclei of a stained smear: purple bodies, found with one measure of purple and outlined with another."""

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.segmentation.density import Density, darkness, otsu, purple
from napari_hemalens.segmentation.shapes import Mask, disc, distance_to, fill_holes, open_mask, touching

_FOUND = 1.5  # weight of blue when finding nuclei: excludes dark red cells
_LEAST = 0.1  # minimum purple; the palest nuclei of three public sets have 0.15
_DARKEST = (0.6, 0.8)  # purple is clipped here for finding and outlining: anything darker is a nucleus
_APART = 4.0  # a nucleus is more purple than red cells by this many median deviations


def nuclear_mask(density: Density, body: float, *, threshold: float = 1.0) -> Mask:
    """Return the mask (H, W) of nuclei.

    Parameters
    ----------
    density : (H, W, 3) float32
        Smoothed.
    body : float
        Diameter of a typical body, in pixels.
    threshold : float
        Factor on the automatic threshold of the outline; above 1, nuclei get smaller.
    """
    sought = purple(density, _FOUND)
    level = max(_LEAST, otsu(np.clip(sought, -0.1, _DARKEST[0]).ravel()))
    mask = _outline(density, sought > level, body, threshold)
    # In some stains red cells are bluish enough to be mistaken for nuclei; they are recognised by being everywhere.
    for _ in range(3):
        others = far_bodies(density, mask, body)
        if others is None:
            break
        middle = float(np.median(sought[others]))
        floor = middle + _APART * 1.4826 * float(np.median(np.abs(sought[others] - middle)))
        if floor <= level:
            break
        level = floor
        mask = _outline(density, sought > level, body, threshold)
    return mask


def far_bodies(density: Density, nuclei: Mask, body: float) -> Mask | None:
    """Return the mask of bodies away from any nucleus, which are red cells; None if there are too few.

    Thin structures, such as rims of lysed red cells, do not count.
    """
    bodies = open_mask((distance_to(nuclei) > 0.35 * body) & (darkness(density) > 0.06), 0.1 * body)
    return bodies if bodies.sum() > 0.3 * disc(body) else None


def _outline(density: Density, found: Mask, body: float, threshold: float) -> Mask:
    """Return the outlines of the nuclei that were found."""
    seeds = open_mask(found, 0.05 * body)
    if not seeds.any():
        return seeds
    # Near the seeds nuclei cover about half of the area, where Otsu's threshold works best.
    near = distance_to(seeds) < 0.25 * body
    shade: NDArray[np.float32] = purple(density)
    level = threshold * max(_LEAST, otsu(np.clip(shade[near], -0.1, _DARKEST[1])))
    mask = touching(near & (shade > level), seeds)
    return fill_holes(mask, disc(0.15 * body))
