"""What a few windows of an image say about its light, its colours and its focus.

However large the image is, at most six windows are read, so that time and memory stay the same. They lie around cells
that were found, spread over the image, since it is on cells that stain and focus show.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_gradient_magnitude

from napari_hemalens.records.detections import Detections
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import Slide

_WORK_UM = 0.15  # um a pixel that measures are taken at, where the image has finer ones
_COARSER_AT_MOST = 4  # pixels of the image a pixel that is measured, along each side
_SIDE = 256  # measured pixels a window has along each side
_WINDOWS = 6
_FINE_UM = 0.15  # Gaussians that edges are compared under; the blur that ruins a count lies around their middle
_COARSE = 3.0  # times as wide is the other
_FINE_AT_LEAST = 0.7  # measured pixels; below, the gradient would be that of the pixels
_EDGES = 97  # percentile of the gradient from which there is an edge
_EDGE_AT_LEAST = 0.5  # grey levels a pixel; a fainter one is noise
_GROUND = 98  # percentile of brightness that is taken for the ground
_EOSIN = (0.12, 0.35, 0.75)  # least density of green; densities of red and of blue at most, as shares of it


@dataclass(frozen=True, slots=True)
class ImageMeasures:
    """Measures of an image; shares are in 0-1.

    Attributes
    ----------
    brightness : float
        Median of the brightest channel, in 0-255.
    colour : float
        95th percentile of the difference between the brightest and the darkest channel, in 0-255.
    clipped : float
        Share of the pixels at the brightest value of green, the channel in which stains show most.
    contrast : float
        Difference between the brightest and the darkest green, single pixels aside, in 0-255.
    eosin : float
        Share that is pink as tissue stained by eosin, and in no cell that was found.
    blur_um : float
        Width of the sharpest edges as the standard deviation of a Gaussian, in micrometres; NaN without edges.
    """

    brightness: float
    colour: float
    clipped: float
    contrast: float
    eosin: float
    blur_um: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of an image, as it is measured.

    Attributes
    ----------
    rgb : (h, w, 3) float32
        In 0-255; each pixel the mean of a square of the image's.
    green : (256,) int64
        How many of the image's own pixels have each value of green.
    cells : (h, w) bool
        Where cells were found.
    """

    rgb: NDArray[np.float32]
    green: NDArray[np.int64]
    cells: NDArray[np.bool_]


def measure_image(slide: Slide, found: Detections, pixel_size_um: float, region: Region) -> ImageMeasures:
    """Measure a region of an image.

    Parameters
    ----------
    slide : Slide
        The image.
    found : Detections
        Its cells; windows lie around them.
    pixel_size_um : float
        Of level 0.
    region : Region
        What was analysed, in level-0 pixels.
    """
    level = slide.best_level(pixel_size_um / _WORK_UM)
    step = pixel_size_um * slide.downsamples[level]  # um
    binned = max(1, min(_COARSER_AT_MOST, int(_WORK_UM / step + 1e-6)))
    windows = list(_windows(slide, found, region, level=level, binned=binned))
    rgb = np.concatenate([window.rgb.reshape(-1, 3) for window in windows])
    pink = _is_eosin(_density_above_ground(rgb)) & ~np.concatenate([window.cells.ravel() for window in windows])
    green = sum((window.green for window in windows), np.zeros(256, np.int64))
    return ImageMeasures(
        brightness=float(np.median(rgb.max(axis=1))),
        colour=float(np.percentile(np.ptp(rgb, axis=1), 95)),
        clipped=_share_at_top(green),
        contrast=_contrast(green),
        eosin=float(pink.mean()),
        blur_um=blur_of_edges([window.rgb[..., 1] for window in windows], step * binned),
    )


def blur_of_edges(planes: Sequence[NDArray[np.float32]], pixel_size_um: float) -> float:
    """Return the blur of the sharpest edges as the standard deviation of a Gaussian in micrometres.

    Zhuo and Sim 2011, doi:10.1016/j.patcog.2011.03.009: the gradient at an edge of blur s, seen through a Gaussian of
    width a, is proportional to 1 / sqrt(s^2 + a^2). The ratio R of gradients seen through two of them gives s, whatever
    the contrast of the edge and however many there are: s^2 = (b^2 - R^2 a^2) / (R^2 - 1).

    Parameters
    ----------
    planes : sequence of (h, w) float32
        Parts of one channel, in grey levels.
    pixel_size_um : float
        Of these planes.

    Returns
    -------
    float
        NaN where there are no edges.
    """
    a = max(_FINE_UM / pixel_size_um, _FINE_AT_LEAST)  # pixels
    b = _COARSE * a
    fine = np.concatenate([gaussian_gradient_magnitude(plane, a, truncate=3).ravel() for plane in planes])
    edge = fine >= max(float(np.percentile(fine, _EDGES)), _EDGE_AT_LEAST)
    if not edge.any():
        return math.nan
    coarse = np.concatenate([gaussian_gradient_magnitude(plane, b, truncate=3).ravel() for plane in planes])
    squared = float(np.median(fine[edge] / np.maximum(coarse[edge], 1e-6))) ** 2
    if squared <= 1:  # no wider than its surroundings let it be seen
        return math.inf
    return math.sqrt(max(b * b - squared * a * a, 0) / (squared - 1)) * pixel_size_um


def _windows(slide: Slide, found: Detections, region: Region, *, level: int, binned: int) -> Iterator[Window]:
    """Yield the windows of a region at a level, their pixels binned."""
    factor = slide.downsamples[level]
    height, width = slide.levels[level].shape[:2]
    low = np.minimum(np.array(region[:2]) / factor, (height - 1, width - 1)).astype(int)
    high = np.clip(np.array(region[2:]) / factor, low + 1, (height, width)).astype(int)
    binned = min(binned, *(high - low).tolist())
    boxes = found.boxes / (factor * binned)
    for y0, x0, y1, x1 in _places(found.centres / factor, (*low.tolist(), *high.tolist()), _SIDE * binned):
        rgb = slide.read(y0, x0, y1, x1, level=level)
        pixels = _binned(rgb, binned)
        covered = _covered(boxes - np.array([y0, x0, y0, x0]) / binned, pixels.shape[:2])
        yield Window(pixels, np.bincount(rgb[..., 1].ravel(), minlength=256), covered)


def _places(centres: NDArray[np.float32], area: Region, side: int) -> list[Region]:
    """Return up to six windows of at most `side` pixels: all of a small area, else around cells, else spread evenly."""
    y0, x0, y1, x1 = area
    rows, columns = math.ceil((y1 - y0) / side), math.ceil((x1 - x0) / side)
    if rows * columns <= _WINDOWS:
        ys, xs = (np.linspace(*ends).astype(int).tolist() for ends in ((y0, y1, rows + 1), (x0, x1, columns + 1)))
        return [(top, left, end, right) for top, end in pairwise(ys) for left, right in pairwise(xs)]
    if len(centres):
        from_the_top = centres[np.argsort(centres[:, 0], kind="stable")]
        middles = from_the_top[np.linspace(0, len(centres) - 1, _WINDOWS).astype(int)]
    else:
        shares = [((row + 0.5) / 2, (column + 0.5) / 3) for row in range(2) for column in range(3)]
        middles = np.array(shares) * (y1 - y0, x1 - x0) + (y0, x0)
    corners = np.clip(middles - side / 2, (y0, x0), (max(y0, y1 - side), max(x0, x1 - side))).astype(int).tolist()
    return [(y, x, min(y + side, y1), min(x + side, x1)) for y, x in corners]


def _binned(rgb: NDArray[np.uint8], binned: int) -> NDArray[np.float32]:
    """Return the means of squares of `binned` pixels; what is left over at the far edges is left out."""
    height, width = (side // binned for side in rgb.shape[:2])
    squares = rgb[: height * binned, : width * binned].reshape(height, binned, width, binned, 3)
    means: NDArray[np.float32] = squares.mean(axis=(1, 3), dtype=np.float32)
    return means


def _covered(boxes: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a window lie in boxes (N, 4) in its frame."""
    inside = np.clip(boxes, 0, np.array([*shape[:2], *shape[:2]])).astype(int)
    covered = np.zeros(shape[:2], dtype=bool)
    for y0, x0, y1, x1 in inside[np.all(inside[:, 2:] > inside[:, :2], axis=1)].tolist():
        covered[y0:y1, x0:x1] = True
    return covered


def _density_above_ground(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much light dyes absorb, as optical densities (N, 3) above that of the ground."""
    ground = np.percentile(rgb, _GROUND, axis=0)
    above: NDArray[np.float32] = np.maximum(np.log10((ground + 1) / (rgb + 1)), 0).astype(np.float32)
    return above


def _is_eosin(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where densities (N, 3) are those of eosin: green is absorbed, red passes, blue for the most part."""
    least, red, blue = _EOSIN
    green = density[:, 1]
    pink: NDArray[np.bool_] = (green > least) & (density[:, 0] < red * green) & (density[:, 2] < blue * green)
    return pink


def _contrast(counts: NDArray[np.int64]) -> float:
    """Return how far apart the 0.1st and the 99.9th percentile of the values are."""
    low, high = np.searchsorted(np.cumsum(counts) / counts.sum(), (0.001, 0.999))
    return float(high - low)


def _share_at_top(counts: NDArray[np.int64]) -> float:
    """Return the share of values at the brightest one, or one below; single brighter pixels aside."""
    share = np.cumsum(counts) / counts.sum()
    top = int(np.searchsorted(share, 0.999))
    return float(counts[max(top - 1, 0) :].sum() / counts.sum())
