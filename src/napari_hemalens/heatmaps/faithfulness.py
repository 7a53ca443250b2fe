"""Whether heatmaps point where they should: measures on those of crops, and on crops without their hottest places.

Pointing game: Zhang et al. 2018, https://arxiv.org/abs/1608.00507. Deletion: Petsiuk et al. 2018,
https://arxiv.org/abs/1806.07421. Randomised weights: Adebayo et al. 2018, https://arxiv.org/abs/1810.03292.

Every chance level is a heatmap too: one that is the same all over a crop, or around a nucleus, hits as often as a
random place there does. So methods and chance go through the same lines.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.stats import rankdata
from torch import Tensor

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.heatmaps.crop_heatmaps import light_channels

REACH = 5.0
"""Pixels of the original image by which a point may miss an outline."""

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Of a crop, that are removed one after the other."""


def near(marks: NDArray[np.bool_], scale: float, reach: float = REACH) -> NDArray[np.bool_]:
    """Return the pixels of crops that lie on what is outlined, or next to it.

    Parameters
    ----------
    marks : (N, side, side) bool
        What is outlined, in each crop; what lies outside the crop does not count.
    scale : float
        Pixels of the original image to one of the crops.
    reach : float
        How far from the outlined pixels, in pixels of the original image, from centre to centre.
    """
    found = np.zeros_like(marks)
    for i in np.flatnonzero(marks.any(axis=(1, 2))):  # where nothing is marked, distances mean nothing
        found[i] = distance_transform_edt(~marks[i]) * scale <= reach
    return found


def around(nuclei: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the ring around nuclei (N, side, side) that is one diameter wide, of a disc as large as each."""
    ring = np.zeros_like(nuclei)
    for i in np.flatnonzero(nuclei.any(axis=(1, 2))):
        diameter = 2 * np.sqrt(nuclei[i].sum() / np.pi)
        ring[i] = (distance_transform_edt(~nuclei[i]) <= diameter) & ~nuclei[i]
    return ring


def hits(heatmaps: NDArray[np.float32], places: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how much of the hottest point of each crop lies in its places: (N,), in 0-1.

    Where several pixels are equally hot, each counts alike: a flat map hits as often as a random pixel does.
    """
    hottest = heatmaps == heatmaps.max(axis=(1, 2), keepdims=True)
    found: NDArray[np.float64] = (hottest & places).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2))
    return found


def share_inside(heatmaps: NDArray[np.float32], places: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each crop's heatmap that lies in its places: (N,), in 0-1; 0 where the heatmap is 0."""
    heatmap = heatmaps.astype(np.float64)
    total = heatmap.sum(axis=(1, 2))
    inside: NDArray[np.float64] = (heatmap * places).sum(axis=(1, 2)) / np.where(total > 0, total, 1)
    return inside


def order_patches(heatmaps: NDArray[np.float32], patch: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the place of each patch in the order of the mean of the heatmap, hottest first.

    All maps are ordered in the same patches, since a fine map would otherwise remove single pixels, which a network
    minds more, or less, than what they hold.

    Parameters
    ----------
    heatmaps : (N, side, side) float32
        Heatmaps of crops.
    patch : int
        Side of a patch, in pixels; those at the far edges may be smaller.
    rng : Generator
        Orders patches that are equally hot.

    Returns
    -------
    (N, n, n) int64
        0 for the hottest patch.
    """
    starts = np.arange(0, heatmaps.shape[-1], patch)
    sums = np.add.reduceat(np.add.reduceat(heatmaps.astype(np.float64), starts, axis=1), starts, axis=2)
    sizes = np.diff([*starts, heatmaps.shape[-1]])
    means = (sums / np.outer(sizes, sizes)).reshape(len(heatmaps), -1)
    by_heat = np.lexsort((rng.random(means.shape), -means), axis=1)
    places = np.empty_like(by_heat)
    np.put_along_axis(places, by_heat, np.arange(means.shape[1])[None], axis=1)
    return places.reshape(len(heatmaps), len(starts), len(starts)).astype(np.int64)


def remove_patches(pixels: Tensor, places: NDArray[np.int64], share: float, *, patch: int, crop: CropRecipe) -> Tensor:
    """Return crops without their first patches.

    Parameters
    ----------
    pixels : (N, C, side, side) uint8
        The crops; left as they are.
    places : (N, n, n) int64
        Of each patch in the order, as `order_patches` returns it.
    share : float
        Of the patches that are removed, in 0-1.
    patch : int
        Side of a patch in pixels, as in `order_patches`.
    crop : CropRecipe
        What the crops are: pixels become what empty glass is, 0 in fluorescence and 255 in a smear; masks stay.
    """
    first = places < round(share * places[0].size)
    of = np.arange(pixels.shape[-1]) // patch  # the patch that each row, each column lies in
    gone = torch.from_numpy(first[:, of[:, None], of[None, :]])[:, None].to(pixels.device)
    left = pixels.clone()
    light, empty = light_channels(crop), 0 if crop.light == "fluorescence" else 255
    left[:, :light] = left[:, :light].masked_fill(gone, empty)
    return left


def area(scores: NDArray[np.float64], shares: Sequence[float] = SHARES) -> NDArray[np.float64]:
    """Return the mean score (N,) on the way from the first share to the last, of scores (shares, N); low is good."""
    steps = np.diff(shares)[:, None]
    found: NDArray[np.float64] = ((scores[1:] + scores[:-1]) / 2 * steps).sum(axis=0) / steps.sum()
    return found


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return Spearman's correlation of two maps of each crop, (N,); 0 where one of them is flat.

    Parameters
    ----------
    first, second : (N, side, side) float32
        Heatmaps of the same crops, of a trained network and of one whose weights are random.
    """
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    one, other = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    product, size = (one * other).sum(axis=1), np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    found: NDArray[np.float64] = np.where(size > 0, product / np.where(size > 0, size, 1), 0.0)
    return found
