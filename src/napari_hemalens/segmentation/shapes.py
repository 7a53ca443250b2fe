"""Shapes in masks: openings, holes, necks, and solidity.

Opening uses the distance transform, so that its time does not grow with the radius.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import relabel_sequential, watershed

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


def disc(diameter: float) -> float:
    """Return the area of a disc."""
    return float(np.pi / 4 * diameter**2)


def distance_inside(mask: Mask) -> NDArray[np.float32]:
    """Return the distance of each pixel in a mask to the nearest pixel outside; 0 outside."""
    if mask.all():
        return np.full(mask.shape, max(mask.shape), dtype=np.float32)
    distance: NDArray[np.float32] = ndimage.distance_transform_edt(mask).astype(np.float32)
    return distance


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """Return the distance of each pixel to the nearest pixel of a mask; the longer side if the mask is empty."""
    return distance_inside(~mask)


def open_mask(mask: Mask, radius: float) -> Mask:
    """Return a mask opened with a disc of this radius in pixels; below one pixel, the mask itself."""
    if radius < 1 or not mask.any():
        return mask
    kept: Mask = distance_to(distance_inside(mask) > radius) <= radius
    return kept


def fill_holes(mask: Mask, area: float) -> Mask:
    """Return a mask with the holes smaller than `area` pixels filled."""
    holes = label(~mask, connectivity=1)
    small = np.bincount(holes.ravel()) < area
    small[0] = False
    whole: Mask = mask | small[holes]
    return whole


def touching(mask: Mask, seeds: Mask) -> Mask:
    """Return the connected parts of a mask that contain a seed pixel."""
    parts = label(mask, connectivity=1)
    kept = np.zeros(int(parts.max()) + 1, dtype=bool)
    kept[parts[seeds & mask]] = True
    kept[0] = False
    held: Mask = kept[parts]
    return held


def split(mask: Mask, neck: float) -> Labels:
    """Cut a mask into bodies at its necks.

    The cut depends on proportions (the logarithm of the distance to the edge), so that it is the same at any
    magnification.

    Parameters
    ----------
    mask : (H, W) bool
    neck : float
        Two bodies are cut where their neck is narrower than this fraction, in 0-1, of the narrower one. Specks of one
        or two pixels are lost.

    Returns
    -------
    (H, W) int32
        Ids 1 to N.
    """
    distance = ndimage.gaussian_filter(distance_inside(mask), 1) * mask  # a jagged edge makes false ridges
    depth = np.log(np.maximum(distance, 0.5))
    lowered = reconstruction(depth + np.log(neck), depth)  # peaks that rise too little above their necks merge
    markers = label(local_maxima(lowered) & mask)
    bodies: Labels = watershed(-depth, markers, mask=mask).astype(np.int32)
    return bodies


def areas(labels: Labels) -> NDArray[np.int64]:
    """Return the area of each id in pixels, indexed by id; the background counts 0."""
    counts = np.bincount(labels.ravel(), minlength=1)
    counts[0] = 0
    return counts


def keep_labels(labels: Labels, wanted: Mask) -> Labels:
    """Return labels with only the wanted ids, renumbered without gaps; `wanted` is indexed by id."""
    wanted = wanted.copy()
    wanted[0] = False
    numbered: Labels = relabel_sequential(np.where(wanted[labels], labels, 0))[0].astype(np.int32)
    return numbered


def typical(sizes: NDArray[np.float64], weights: NDArray[np.int64], share: float = 0.5) -> float:
    """Return the size below which bodies make up a given share of the total area; 0 if there are none."""
    order = np.argsort(sizes)
    total = np.cumsum(weights[order])
    if not len(total) or not total[-1]:
        return 0.0
    return float(sizes[order][np.searchsorted(total, share * total[-1])])


def solidity(mask: Mask) -> float:
    """Return the area of a mask over that of its convex hull, in 0-1."""
    rows = np.flatnonzero(mask.any(axis=1))
    lines = mask[rows]
    left, right = lines.argmax(axis=1), lines.shape[1] - lines[:, ::-1].argmax(axis=1)
    # The corners of the outermost pixels of each row: (4 * rows, 2)
    corners = np.concatenate([np.stack([rows + below, edge], axis=1) for below in (0, 1) for edge in (left, right)])
    return float(mask.sum() / ConvexHull(corners).volume)
