"""A rendered field of the cytokinesis-block micronucleus assay, in two stains, with its exact truth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from napari_hemalens.rendering.binucleated import ASSAY, AssayStamp
from napari_hemalens.rendering.fields import draw_cell, empty_slide, overlap
from napari_hemalens.rendering.fluorescence import Fluorescence
from napari_hemalens.rendering.shapes import Patch, blob, cover
from napari_hemalens.rendering.smears import Smear, strew
from napari_hemalens.rendering.stain import EXTINCTION, Dye, Light, Stain

ORPHAN = 65535
"""Value of a micronucleus whose nucleus is outside the image."""

_SMEAR = Smear(
    nucleated=0.85,
    red=0.0,
    platelets=0.0,
    shares={"mononucleated": 40, "binucleated": 48, "multinucleated": 6, "apoptotic": 6},
)
_DEBRIS_PER_1000_UM2 = 0.35
_CHROMATIN: Dye = (0.62, 0.30, 0.02)
_CYTOPLASM: Dye = (0.15, 0.0, 0.06)
_DIRT: Dye = (0.85, 0.15, 0.25)


@dataclass(frozen=True, slots=True, eq=False)
class AssayField:
    """The cells on a slide, before staining and imaging.

    Attributes
    ----------
    amounts : (H, W, 3) float32
        Chromatin in bright field, DNA in fluorescence, cytoplasm.
    debris : (H, W) float32
        Debris, visible in any stain.
    nuclei, cells : (H, W) uint16
        1, 2, ... for each nucleus and each cell, 0 elsewhere. Dead cells and debris have no number.
    micronuclei : (H, W) uint16
        The number of the nearest nucleus in each micronucleus, or `ORPHAN`. No two micronuclei touch.
    cell_classes : tuple of str
        Classes of cells 1, 2, ...: 'mononucleated', 'binucleated' or 'multinucleated', also if cut by the image's edge.
    pixel_size_um : float
        Micrometres per pixel.
    """

    amounts: NDArray[np.float32]
    debris: NDArray[np.float32]
    nuclei: NDArray[np.uint16]
    cells: NDArray[np.uint16]
    micronuclei: NDArray[np.uint16]
    cell_classes: tuple[str, ...]
    pixel_size_um: float

    def rows(self) -> Iterator[dict[str, int]]:
        """Yield `nucleus`, `cell`, `has_micronucleus` and `micronuclei` of each nucleus, by the label images."""
        parts, number = label(self.micronuclei, np.ones((3, 3)))
        parents = [int(self.micronuclei[parts == part][0]) for part in range(1, number + 1)]
        for nucleus in range(1, int(self.nuclei.max()) + 1):
            cell = int(self.cells[self.nuclei == nucleus][0])
            count = parents.count(nucleus)
            yield {"nucleus": nucleus, "cell": cell, "has_micronucleus": int(count > 0), "micronuclei": count}

    def fluorescence(self, seed: int = 0) -> NDArray[np.uint16]:
        """Return DNA fluorescence, (H, W) uint16."""
        rng = np.random.default_rng(seed)
        glow = self.amounts[..., 1] + 1.6 * self.debris
        glow += 0.35 * _floating(glow.shape, self.pixel_size_um, rng)
        return Fluorescence().photograph(glow, self.pixel_size_um, rng)

    def giemsa(self, seed: int = 0) -> NDArray[np.uint8]:
        """Return the slide in Giemsa stain and bright field, (H, W, 3) uint8."""
        rng = np.random.default_rng(seed)
        dye = empty_slide(self.debris.shape, self.pixel_size_um, rng)
        for amount, colour in (
            (self.amounts[..., 0], _CHROMATIN),
            (self.amounts[..., 2], _CYTOPLASM),
            (self.debris, _DIRT),
        ):
            dye += amount[..., None] * np.array(colour, dtype=np.float32)
        light = Light(white=(242.0, 240.0, 236.0), centre=(0.45, 0.56), falloff=0.06, blur_um=0.22, noise=1.0)
        return light.photograph(Stain(EXTINCTION).transmission(dye), self.pixel_size_um, rng)


def render_assay(
    shape: tuple[int, int] = (512, 512), *, pixel_size_um: float = 0.35, seed: int = 0, density: float = 1.0
) -> AssayField:
    """Render one field of the assay.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    pixel_size_um : float
        Micrometres per pixel; at 0.35 nuclei are 24 to 39 pixels wide.
    seed : int
        The same seed and options give the same field.
    density : float
        Number of cells, relative to the usual.
    """
    rng = np.random.default_rng(seed)
    amounts = np.zeros((*shape, 3), np.float32)
    nuclei, cells, small = (np.zeros(shape, np.int32) for _ in range(3))
    size_um = (shape[0] * pixel_size_um, shape[1] * pixel_size_um)
    found, names = 0, []
    for number, cell in enumerate(strew(_SMEAR, size_um, density, rng, looks=ASSAY), 1):
        stamp, corner = draw_cell(cell, pixel_size_um, rng)
        if not isinstance(stamp, AssayStamp):
            raise TypeError(f"{cell.name} is drawn without its nuclei.")
        names.append(cell.name)
        place, part = overlap(shape, stamp, corner)
        stained = stamp.dye[part] * np.array([rng.uniform(0.85, 1.1), rng.lognormal(-0.1, 0.35), 1.0])
        amounts[place] += stained
        own, its_small = stamp.nuclei[part], stamp.micronuclei[part]
        nuclei[place] = np.where(own > 0, own + found, nuclei[place])
        small[place] = np.where(its_small > 0, its_small + found, small[place])
        # Later cells lie beneath earlier ones, except for their nuclei.
        seen = stamp.body[part] & ((cells[place] == 0) | (own > 0) | (its_small > 0))
        cells[place] = np.where(seen, number, cells[place])
        found += int(stamp.nuclei.max())
    numbers = np.unique(nuclei[nuclei > 0])
    small = np.where(np.isin(small, numbers) | (small == 0), np.searchsorted(numbers, small) + (small > 0), ORPHAN)
    small[nuclei > 0] = 0
    return AssayField(
        amounts,
        _debris(shape, pixel_size_um, rng),
        _number_in_order(nuclei),
        _number_in_order(cells),
        small.astype(np.uint16),
        tuple(names[number - 1] for number in np.unique(cells[cells > 0])),
        pixel_size_um,
    )


def _number_in_order(labels: NDArray[np.int32]) -> NDArray[np.uint16]:
    """Return the labels renumbered without gaps."""
    numbers = np.unique(labels[labels > 0])
    counted: NDArray[np.uint16] = np.where(labels > 0, np.searchsorted(numbers, labels) + 1, 0).astype(np.uint16)
    return counted


def _debris(shape: tuple[int, int], pixel_size_um: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return specks of dirt, (H, W): ragged, of random strength and position."""
    whole = np.zeros(shape, np.float32)
    expected = _DEBRIS_PER_1000_UM2 * whole.size * pixel_size_um**2 / 1000
    for _ in range(int(rng.poisson(expected))):
        radius = float(rng.uniform(0.3, 1.3))
        patch = Patch.around(3 * radius + 1, pixel_size_um, rng).warp(0.3, 0.8)
        speck = cover(blob(patch, radius, elongation=patch.within(1, 2.2), roughness=0.12), pixel_size_um)
        side = speck.shape[0]
        if side >= min(shape):
            continue
        y, x = (int(rng.integers(0, whole_side - side)) for whole_side in shape)
        whole[y : y + side, x : x + side] += speck * rng.uniform(0.2, 1.3)
    return whole


def _floating(shape: tuple[int, ...], pixel_size_um: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the fluorescence (H, W) of a few dead cells that float above the focal plane."""
    where = (rng.random(shape) < 6e-5 * pixel_size_um**2).astype(np.float32) * rng.uniform(0.3, 1.0, shape)
    sigma = 5.0 / pixel_size_um
    glow: NDArray[np.float32] = (gaussian_filter(where, sigma) * (2 * np.pi * sigma**2)).astype(np.float32)
    return glow
