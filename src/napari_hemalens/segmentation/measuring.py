"""What outlined cells measure: size, shape, density of the stain, texture; block by block, in images of any size."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.measurements import NC_RATIO, Measurements
from napari_hemalens.segmentation.density import darkness, glass_colour, optical_density
from napari_hemalens.slides.dna import dna_in_grey, on_bright_ground
from napari_hemalens.slides.sample import sample_pixels
from napari_hemalens.slides.slide import Slide

_BLOCK = 1024  # pixels along a side: cells whose centres lie in such a block are measured at once
_LEVELS = 16  # grey levels of the texture, of 16 values each
_COLOURS = (1, 3, 4)  # channels of a picture; of more, one is the stain
_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1))  # right, and on: the four angles of a co-occurrence matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Light:
    """How pixels become a brightness, in bright field or in fluorescence.

    Attributes
    ----------
    slide : Slide
        What is read: colours, or the stain in grey.
    glass : (3,) float64 or None
        The colour of empty glass; None in fluorescence.
    """

    slide: Slide
    glass: NDArray[np.float64] | None

    @classmethod
    def from_slide(cls, slide: Slide) -> Self:
        """Look at a sample of a slide."""
        seen = slide if slide.levels[0].shape[2] in _COLOURS else dna_in_grey(slide)
        pixels = sample_pixels(seen.levels[-1])
        if not on_bright_ground(seen, pixels):
            return cls(dna_in_grey(slide), None)
        return cls(seen, glass_colour(seen.contrast(pixels[:, None])))


def measure_steps(slide: Slide, cells: CellMap, *, pixel_size_um: float | None) -> Steps[Measurements]:
    """Measure the cells of a label image; yields after every block of 1,024 pixels a side that holds any.

    The names are those of `records.measurements.OUTLINE_MEASUREMENTS` but for `nc_ratio`, which needs two outlines.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Its cells, in level-0 pixels.
    pixel_size_um : float or None
        Micrometres a level-0 pixel; None: areas and lengths are not known.
    """
    light = _Light.from_slide(slide)
    size = np.nan if pixel_size_um is None else pixel_size_um
    nothing = np.full(len(cells), np.nan)
    columns = {
        "area_um2": cells.areas * size**2,
        "diameter_um": cells.diameters * size,
        **{name: nothing.copy() for name in ("eccentricity", "mean_od", "mean_intensity", "texture")},
    }
    done = 0
    for rows in _blocks(cells.centres):
        for name, values in _measure(light, cells.take(rows)).items():
            columns[name][rows] = values
        done += len(rows)
        yield Progress(done, len(cells), f"measured {done:,} of {len(cells):,}")
    return Measurements.from_columns(columns, len(cells))


def with_nc_ratio(found: Classified, of_cells: NDArray[np.int64], cells: NDArray[Any]) -> Classified:
    """Return classified nuclei with the ratio of nucleus to cytoplasm of the cell that each lies in.

    Parameters
    ----------
    found : Classified
        The nuclei, measured.
    of_cells : (N,) int64
        The cell of each nucleus, 0 for none.
    cells : (H, W) int
        The outlines of the cells.
    """
    if found.measurements is None:
        return found
    return replace(
        found, measurements=found.measurements.with_column(NC_RATIO, nc_ratios(found.areas, of_cells, cells))
    )


def nc_ratios(areas: NDArray[np.int64], of_cells: NDArray[np.int64], cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return the area of all nuclei in the cell of each nucleus over that of its cytoplasm: (N,), NaN for none.

    Parameters
    ----------
    areas : (N,) int64
        Of the nuclei, in pixels.
    of_cells, cells
        As in `with_nc_ratio`.
    """
    numbers, cell_areas = np.unique(cells, return_counts=True)
    known, index = np.unique(of_cells, return_inverse=True)
    nuclear = np.bincount(index, areas, len(known))
    at = np.searchsorted(numbers, known).clip(max=len(numbers) - 1)
    cytoplasm = np.where((known != 0) & (numbers[at] == known), cell_areas[at] - nuclear, 0)
    ratio = np.divide(nuclear, cytoplasm, out=np.full(len(known), np.nan), where=cytoplasm > 0)
    of_nuclei: NDArray[np.float64] = ratio[index]
    return of_nuclei


def _blocks(centres: NDArray[np.float64]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of the cells of each block, ascending."""
    block = (centres // _BLOCK).astype(np.int64)
    _, index = np.unique(block, axis=0, return_inverse=True)
    order = np.argsort(index.ravel(), kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(index.ravel()))[:-1]) if len(centres) else ()


def _measure(light: _Light, cells: CellMap) -> dict[str, NDArray[np.float64]]:
    """Return what the pixels of cells that lie close together tell; pixels of the block are read once."""
    y0, x0 = cells.boxes[:, :2].min(axis=0)
    y1, x1 = cells.boxes[:, 2:].max(axis=0)
    numbers = _numbered(cells.labels[y0:y1, x0:x1], cells.ids)
    rgb = light.slide.read(int(y0), int(x0), int(y1), int(x1))
    grey = rgb.mean(axis=-1)
    name, shown = "mean_intensity", grey
    if light.glass is not None:
        name, shown = "mean_od", darkness(optical_density(rgb, light.glass))
    contrast = texture(numbers, (grey / 256 * _LEVELS).astype(np.int64), len(cells))
    inside = np.nonzero(numbers)
    mean = _Means(numbers[inside] - 1, len(cells))
    return {"eccentricity": _eccentricities(mean, inside), name: mean(shown[inside]), "texture": contrast}


class _Means:
    """Means over the pixels of each of N cells at once, which a loop over cells takes several times as long for.

    Parameters
    ----------
    of : (P,) int64
        The cell of each pixel, from 0.
    cells : int
        N, how many.
    """

    def __init__(self, of: NDArray[np.int64], cells: int) -> None:
        self.of, self.cells = of, cells
        self.pixels = np.bincount(of, minlength=cells)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean of values (P,) of each cell: (N,)."""
        mean: NDArray[np.float64] = np.bincount(self.of, values, self.cells) / self.pixels
        return mean


def _eccentricities(mean: _Means, inside: tuple[NDArray[np.int64], ...]) -> NDArray[np.float64]:
    """Return the eccentricity of the ellipse with the second moments of each cell: (N,), 0 of a circle."""
    y, x = (place - mean(place)[mean.of] for place in inside)
    yy, xx, xy = mean(y * y), mean(x * x), mean(x * y)
    middle, apart = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)  # the eigenvalues are their sum and difference
    ratio = np.divide(middle - apart, middle + apart, out=np.ones(mean.cells), where=middle + apart > 0)
    eccentricity: NDArray[np.float64] = np.sqrt((1 - ratio).clip(0, 1))
    return eccentricity


def _numbered(labels: NDArray[Any], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels (h, w) of the cells `ids`, ascending, numbered from 1; others are left out."""
    at = np.searchsorted(ids, labels).clip(max=len(ids) - 1)
    return np.where(ids[at] == labels, at + 1, 0)


def texture(numbers: NDArray[np.int64], levels: NDArray[np.int64], cells: int) -> NDArray[np.float64]:
    """Return the contrast of the grey-level co-occurrence matrix of each cell, averaged over four angles.

    Haralick, Shanmugam and Dinstein, IEEE Trans Syst Man Cybern 3, 1973: the mean of (i - j)^2 over neighbouring pixels
    of the levels i and j; pixels outside of the cell are no neighbours.

    Parameters
    ----------
    numbers : (h, w) int64
        The cell of each pixel, from 1; 0 for none.
    levels : (h, w) int64
        Grey levels.
    cells : int
        N, how many cells.

    Returns
    -------
    (N,) float64
        NaN for cells of which no two pixels are neighbours at one of the angles.
    """
    height, width = numbers.shape
    total = np.zeros(cells)
    for down, right in _NEIGHBOURS:
        here = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        there = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        both = (numbers[here] == numbers[there]) & (numbers[here] > 0)
        of, squared = numbers[here][both] - 1, (levels[here][both] - levels[there][both]) ** 2
        pairs = np.bincount(of, minlength=cells)
        apart = np.bincount(of, squared, cells)
        total += np.divide(apart, pairs, out=np.full(cells, np.nan), where=pairs > 0)
    return total / len(_NEIGHBOURS)
