"""The mask of nucleated cells in a stained smear: tissue without red cells, plus compact bodies with a nucleus."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_hemalens.segmentation.density import Density, darkness, glass_level
from napari_hemalens.segmentation.nuclei import far_bodies
from napari_hemalens.segmentation.shapes import Mask, areas, disc, distance_to, fill_holes, open_mask, solidity, split

CONVEX = 0.9  # minimum solidity of one cell; two discs side by side have 0.88
NECK = 0.8  # bodies are cut where the neck is narrower than this fraction of the smaller one
_WHOLE = 0.93  # minimum solidity of a body that is one cell whatever its colour
_REACH = 1.5  # in body diameters: how far cytoplasm reaches from its nucleus
_ALIKE = 2.3  # standard deviations: a pixel this near to the colour of red cells belongs to them
_SPREAD = 0.01  # minimum standard deviation of that colour, from camera and compression


def cell_mask(density: Density, nuclei: Mask, body: float) -> Mask:
    """Return the mask (H, W) of nucleated cells.

    Parameters
    ----------
    density : (H, W, 3) float32
        Smoothed.
    nuclei : (H, W) bool
    body : float
        Diameter of a typical body, in pixels.
    """
    dark = darkness(density)
    red = red_cells(density, nuclei, body)
    tissue = (dark > glass_level(dark, ~nuclei & ~red)) | nuclei
    cells = tissue & (~red & (distance_to(nuclei) <= _REACH * body) | nuclei)
    cells = open_mask(ndimage.binary_fill_holes(cells), 0.12 * body) | nuclei
    return _with_nucleus(cells | compact_bodies(tissue, nuclei, body), nuclei)


def red_cells(density: Density, nuclei: Mask, body: float) -> Mask:
    """Return the mask of pixels with the colour of the image's red cells, blurred edges included."""
    none = np.zeros(nuclei.shape, dtype=bool)
    far = far_bodies(density, nuclei, body)
    if far is None:
        return none
    dark = darkness(density)
    # Fractions of the density do not depend on the thickness of a cell; two determine the third: (H, W, 2)
    shares = density[..., ::2] / (density.sum(axis=-1, keepdims=True) + 0.03)
    centre, inverse = _colour(shares[far])
    strange = _distance(shares, centre, inverse)
    red = (strange < _ALIKE) & (dark > 0.03) & ~nuclei
    away = distance_to(nuclei)
    ring = (away > 2) & (away < 0.1 * body) & (dark > 0.05)
    if ring.any():
        # The ring around nuclei is mostly cytoplasm: each pixel goes to the nearer of the two colours.
        own = np.median(shares[ring], axis=0)
        if _distance(own, centre, inverse) > 1:
            red &= strange < _distance(shares, own, inverse)
        if red[ring].mean() > 0.6:  # the cytoplasm has the colour of red cells: they cannot be separated
            return none
    red = open_mask(red, 0.05 * body)
    return distance_to(red) <= 0.04 * body if red.any() else none


def compact_bodies(tissue: Mask, nuclei: Mask, body: float) -> Mask:
    """Return the mask of bodies that are whole cells: convex, of a cell's size, with a nucleus inside.

    Late erythroblasts and eosinophils have the colour of red cells and would be lost by colour alone.
    """
    bodies = split(open_mask(fill_holes(tissue, disc(0.5 * body)), 0.07 * body), NECK)
    size, nuclear = areas(bodies), areas(np.where(nuclei, bodies, 0))
    nuclear = np.pad(nuclear, (0, len(size) - len(nuclear)))
    cells = np.zeros(tissue.shape, dtype=bool)
    candidates = (nuclear >= np.maximum(0.1 * size, disc(0.3 * body))) & (size <= disc(3 * body))
    for index, box in enumerate(ndimage.find_objects(bodies), start=1):
        if candidates[index] and solidity(bodies[box] == index) >= _WHOLE:
            cells[box] |= bodies[box] == index
    return cells


def _with_nucleus(cells: Mask, nuclei: Mask) -> Mask:
    """Return the mask without parts that are attached by a neck and have no nucleus."""
    parts = split(cells, NECK)
    with_nucleus = areas(np.where(nuclei, parts, 0)) > 0
    with_nucleus = np.pad(with_nucleus, (0, int(parts.max()) + 1 - len(with_nucleus)))
    owned: Mask = with_nucleus[parts] | nuclei
    return owned


def _colour(colours: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return centre (2,) and inverse covariance (2, 2) of colours (N, 2), without outliers."""
    centre = np.median(colours, axis=0)
    apart = np.abs(colours - centre)
    usual = (apart <= 3 * 1.4826 * np.median(apart, axis=0) + _SPREAD).all(axis=1)
    covariance = np.cov(colours[usual], rowvar=False) + np.eye(2) * _SPREAD**2
    return centre, np.linalg.inv(covariance).astype(np.float32)


def _distance(
    colours: NDArray[np.float32], centre: NDArray[np.float32], inverse: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the Mahalanobis distance of colours (..., 2) to a centre, in standard deviations."""
    first, second = colours[..., 0] - centre[0], colours[..., 1] - centre[1]
    (a, b), (_, c) = inverse
    distance: NDArray[np.float32] = np.sqrt(a * first**2 + 2 * b * first * second + c * second**2)
    return distance
