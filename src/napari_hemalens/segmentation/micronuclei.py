"""Micronuclei: small bodies beside a nucleus, each assigned to the nearest one, and their number per nucleus.

The criteria are those of Fenech (Nat Protoc 2, 2007, https://doi.org/10.1038/nprot.2007.77): a micronucleus has 1/16 to
1/3 of the diameter of the main nucleus and about its brightness; it may touch the nucleus but not be joined to it. A
white top-hat removes larger structures, so that the blurred rim of a nucleus is not a micronucleus. Micronuclei inside
the outline of a nucleus cannot be found, and bodies that touch each other count as one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import disk, white_tophat

from napari_hemalens.errors import ImageError
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation.labels import numbered_parts
from napari_hemalens.segmentation.segment import LARGEST, kind_of
from napari_hemalens.segmentation.shapes import Labels
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.contrast import Contrast
from napari_hemalens.slides.dna import dna_in_grey
from napari_hemalens.slides.slide import Slide

# Fractions of the typical nucleus of the image, and of the brightness of the nearest one, tuned on every third field of
# the training split of the set `micronuclei`.
_GRAIN = 0.02  # sigma of the smoothing
_BODY = 0.22  # radius of the top-hat: such a disc is larger than any micronucleus
_SMALLEST, _LARGEST = 1 / 16, 0.4  # diameters; drawn outlines run a little wide of Fenech's third
_REACH = 1.0  # diameters from the outline of the nucleus
_BRIGHT = 0.25  # contrast of a body as a fraction of the nucleus, both on square roots
_NOISE = 3.0  # minimum contrast in standard deviations of the background


@dataclass(frozen=True, slots=True, eq=False)
class Micronuclei:
    """The micronuclei of one image.

    Attributes
    ----------
    labels : (H, W) int32
        The number of its nucleus in each micronucleus, 0 elsewhere.
    counts : (N,) int64
        Micronuclei of each nucleus, in the order of `CellMap.ids`.
    """

    labels: Labels
    counts: NDArray[np.int64]


def find_micronuclei(slide: Slide, nuclei: CellMap) -> Micronuclei:
    """Find the micronuclei of a fluorescence image.

    Parameters
    ----------
    slide : Slide
        DNA fluorescence on a dark background.
    nuclei : CellMap
        Its nuclei.

    Raises
    ------
    ImageError
        If the image is bright field, or has more pixels than `segment.LARGEST`.
    """
    reason = why_not(slide)
    if reason is not None:
        raise ImageError(reason)
    grey = dna_in_grey(slide)
    rooted = replace(grey, contrast=Contrast.for_fluorescence(grey.levels[-1]))
    return find_in_square_root(rooted.read(0, 0, *slide.shape)[..., 0].astype(np.float32), nuclei)


def why_not(slide: Slide) -> str | None:
    """Return a sentence that says why micronuclei cannot be counted in an image, or None."""
    height, width = slide.shape
    if height * width > LARGEST:
        return f"Micronuclei can be counted in up to {LARGEST:,} pixels; {slide} has {height:,} x {width:,}."
    coarsest, slide = len(slide.levels) - 1, choose_channel(slide)
    if kind_of(slide.read(0, 0, *slide.levels[coarsest].shape[:2], level=coarsest)) != "fluorescence":
        return (
            f"Micronuclei are counted in fluorescence images, and {slide} is bright field: give label images of them."
        )
    return None


def find_in_square_root(rooted: NDArray[np.float32], nuclei: CellMap) -> Micronuclei:
    """Find micronuclei in the square root (H, W) of the brightness, in any unit; see `find_micronuclei`."""
    if not len(nuclei):
        return _no_micronuclei(nuclei)
    size = float(np.median(nuclei.diameters))
    apart, row = _nearest(nuclei)
    smooth = ndimage.gaussian_filter(rooted, max(0.7, _GRAIN * size))
    ground, noise = _background(smooth, nuclei)
    standing_out = white_tophat(smooth, disk(max(2, round(_BODY * size)), decomposition="sequence"))
    level = np.maximum(_BRIGHT * _brightness(smooth - ground, nuclei)[row], _NOISE * noise)
    bodies, number = ndimage.label((standing_out > level) & (apart > 0))
    nearest, away, areas = _parents(bodies, number, apart, row)
    diameters = 2 * np.sqrt(areas / np.pi)
    fits = (_SMALLEST * size < diameters) & (diameters < _LARGEST * size) & (away < _REACH * size)
    return _assign(bodies, np.where(fits, nearest, -1), nuclei)


def assign_micronuclei(bodies: NDArray[Any], nuclei: CellMap) -> Micronuclei:
    """Assign each body of a label image (H, W) of micronuclei to the nearest nucleus, however far.

    A body is a connected region of one value; touching regions of one value count as one.
    """
    if not len(nuclei):
        return _no_micronuclei(nuclei)
    parts = numbered_parts(bodies)
    nearest, *_ = _parents(parts, int(parts.max(initial=0)), *_nearest(nuclei))
    return _assign(parts, nearest, nuclei)


def _no_micronuclei(nuclei: CellMap) -> Micronuclei:
    return Micronuclei(np.zeros(nuclei.labels.shape, dtype=np.int32), np.zeros(0, dtype=np.int64))


def _nearest(nuclei: CellMap) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distance of each pixel to the nearest nucleus, 0 inside, and the row of that nucleus."""
    apart, where = ndimage.distance_transform_edt(nuclei.labels == 0, return_indices=True)
    return apart, np.searchsorted(nuclei.ids, nuclei.labels[tuple(where)])


def _background(smooth: NDArray[np.float32], nuclei: CellMap) -> tuple[float, float]:
    """Return the brightness between the nuclei and its standard deviation, estimated from the darker half."""
    between = smooth[nuclei.labels == 0]
    if not between.size:
        return 0.0, 0.0
    ground = float(np.median(between))
    return ground, 1.4826 * float(np.median(ground - between[between <= ground]))


def _brightness(bright: NDArray[np.float32], nuclei: CellMap) -> NDArray[np.float64]:
    """Return the mean brightness of each nucleus (N,); infinite if it is no brighter than the background."""
    inside = nuclei.labels != 0
    row = np.searchsorted(nuclei.ids, nuclei.labels[inside])
    mean = np.bincount(row, bright[inside], len(nuclei)) / nuclei.areas
    return np.where(mean > 0, mean, np.inf)


def _parents(
    bodies: Labels, number: int, apart: NDArray[np.float64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the row of the nearest nucleus, its distance in pixels, and the area, for each body: (number,) each."""
    y, x = np.nonzero(bodies)
    body, away = bodies[y, x], apart[y, x]
    order = np.lexsort((away, body))
    first = order[np.unique(body[order], return_index=True)[1]]  # for each body, the pixel nearest to a nucleus
    return row[y[first], x[first]], away[first], np.bincount(body, minlength=number + 1)[1:]


def _assign(bodies: Labels, parents: NDArray[np.int64], nuclei: CellMap) -> Micronuclei:
    """Return the record of bodies 1 to M, given the rows of their nuclei (M,), -1 where a body is no micronucleus."""
    taken = parents >= 0
    names = np.zeros(len(parents) + 1, dtype=np.int32)
    names[1:][taken] = nuclei.ids[parents[taken]]
    return Micronuclei(names[bodies], np.bincount(parents[taken], minlength=len(nuclei)).astype(np.int64))
