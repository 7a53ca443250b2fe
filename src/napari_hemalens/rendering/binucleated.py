"""Rendered cells of a cytokinesis-block micronucleus assay.

Sizes and features follow the criteria of the assay (Fenech 2007, doi:10.1038/nprot.2007.77): the nuclei of a cell are
about equal; a micronucleus is round, has 1/16 to 1/3 of the diameter of a nucleus and its density, and is separate from
it or just touches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.rendering.drawing import CellAppearance, Chromatin, Stamp
from napari_hemalens.rendering.shapes import Map, Patch, blob, chain, cover

WIDTHS = (1 / 16, 1 / 3)
"""Range of the diameter of a micronucleus, as a fraction of that of its nucleus."""

_CHROMATIN = Chromatin((1.0, 0.0, 0.0), clump_um=1.1, dense=0.6, pale=0.66, nucleoli=2)
_PYKNOTIC = Chromatin((1.0, 0.0, 0.0), clump_um=1.5, dense=0.97, pale=0.9)


@dataclass(frozen=True, slots=True, eq=False)
class AssayStamp(Stamp):
    """A rendered cell before staining; `dye` holds the amounts of its components.

    Attributes
    ----------
    dye : (h, w, 3) float32
        Chromatin in section (about 1 where dense), DNA along the light path (the same times the relative thickness),
        and cytoplasm.
    body : (h, w) bool
        Mask of the cell.
    nuclei : (h, w) int32
        1, 2, ... for each nucleus, 0 elsewhere.
    micronuclei : (h, w) int32
        The number of the nearest nucleus in each micronucleus, 0 elsewhere.
    """

    nuclei: NDArray[np.int32]
    micronuclei: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class AssayCell:
    """A cell with one or more nuclei, and possibly micronuclei.

    Attributes
    ----------
    diameter_um : (float, float)
        Smallest and largest diameter of the cell.
    nuclei : tuple of int
        Possible numbers of nuclei, all equally likely.
    nucleus_um : (float, float)
        Smallest and largest diameter of a nucleus.
    affected : float
        Fraction of cells with micronuclei: most have one, the others two or three.
    """

    diameter_um: tuple[float, float]
    nuclei: tuple[int, ...]
    nucleus_um: tuple[float, float]
    affected: float = 0.35

    def draw(self, patch: Patch, diameter_um: float) -> AssayStamp:
        """Draw one such cell at the centre of `patch`."""
        frayed = patch.warp(0.25, 1.5)
        outline = blob(frayed, diameter_um / 2, elongation=patch.within(1.0, 1.2), roughness=0.05)
        size = min(patch.within(*self.nucleus_um), 0.55 * diameter_um)
        depths = _nuclei(patch, int(patch.rng.choice(self.nuclei)), size, outline)
        nearest = np.argmax(depths, axis=0).astype(np.int32) + 1
        nucleus = depths.max(axis=0)
        small, parents = self._micronuclei(patch, outline, depths, 0.94 * size)
        chromatin, thickness = _chromatin(patch, _draw_bridge(patch, depths), small)
        cytoplasm = _cytoplasm(patch, outline, np.maximum(nucleus, small))
        return AssayStamp(
            np.stack([chromatin, chromatin * thickness, cytoplasm], axis=-1, dtype=np.float32),
            outline > 0,
            np.where(nucleus > 0, nearest, 0).astype(np.int32),
            parents,
        )

    def _micronuclei(
        self, patch: Patch, outline: Map, depths: NDArray[np.float32], size_um: float
    ) -> tuple[Map, NDArray[np.int32]]:
        """Return the depth of all micronuclei, which do not touch each other, and the numbers of their nuclei."""
        small: Map = np.full_like(outline, -np.inf)
        parents, nucleus = np.zeros(outline.shape, np.int32), depths.max(axis=0)
        if patch.rng.random() >= self.affected:
            return small, parents
        for _ in range(int(patch.rng.choice([1, 2, 3], p=[0.65, 0.25, 0.1]))):
            radius = size_um / 2 * patch.within(*(np.sqrt(WIDTHS))) ** 2
            gap = patch.pixel_size_um * (1 if patch.rng.random() < 0.15 else patch.within(2, 6))
            free = (outline > radius + 0.8) & (nucleus < -radius - gap) & (small < -radius - 1.0)
            # Lagging chromosomes stay near the nuclei.
            chance = np.where(free, np.exp(nucleus / 3), 0).ravel().astype(float)
            if not chance.any():
                break
            place = int(patch.rng.choice(chance.size, p=chance / chance.sum()))
            centre = float(patch.y.flat[place]), float(patch.x.flat[place])
            one = blob(patch, radius, centre=centre, elongation=patch.within(1.0, 1.2), roughness=0.02)
            np.maximum(small, one, out=small)
            parents[(one > 0) & (nucleus <= 0)] = 1 + int(np.argmax(depths.reshape(len(depths), -1)[:, place]))
        return small, parents


@dataclass(frozen=True, slots=True)
class ApoptoticCell:
    """An apoptotic cell: shrunken, with chromatin in round dense fragments. Not counted, and hence not labelled."""

    diameter_um: tuple[float, float] = (9.0, 13.0)

    def draw(self, patch: Patch, diameter_um: float) -> AssayStamp:
        """Draw one such cell at the centre of `patch`."""
        outline = blob(patch, diameter_um / 2, roughness=0.08)
        fragments = np.full_like(outline, -np.inf)
        for _ in range(int(patch.rng.integers(4, 10))):
            angle, away = patch.within(0, 2 * np.pi), diameter_um / 2 * np.sqrt(patch.within(0, 0.6))
            centre = away * float(np.sin(angle)), away * float(np.cos(angle))
            np.maximum(fragments, blob(patch, patch.within(0.6, 2.2), centre=centre, roughness=0.02), out=fragments)
        chromatin, thickness = _chromatin(patch, [], fragments)
        cytoplasm = 1.6 * _cytoplasm(patch, outline, fragments)
        dye = np.stack([1.3 * chromatin, 2.6 * chromatin * thickness, cytoplasm], axis=-1, dtype=np.float32)
        nothing = np.zeros(outline.shape, np.int32)
        return AssayStamp(dye, np.zeros(outline.shape, np.bool_), nothing, nothing)


ASSAY: Mapping[str, tuple[CellAppearance, ...]] = {
    "mononucleated": (AssayCell((17.0, 23.0), (1,), (10.0, 13.5), affected=0.15),),
    "binucleated": (AssayCell((22.0, 27.0), (2,), (8.5, 11.0), affected=0.45),),
    "multinucleated": (AssayCell((26.0, 30.0), (3, 4), (8.5, 10.0), affected=0.4),),
    "apoptotic": (ApoptoticCell(),),
}
"""The cells of the assay, by class."""


def _nuclei(patch: Patch, count: int, size_um: float, outline: Map) -> NDArray[np.float32]:
    """Return the depth of each nucleus (count, h, w): side by side, about equal, without overlap."""
    radii = size_um / 2 * patch.rng.uniform(0.94, 1.06, count)
    # Their centres lie on a circle, with a small gap between neighbours.
    away = (size_um + patch.within(0.6, 2.4)) / (2 * np.sin(np.pi / max(count, 2))) if count > 1 else patch.within(0, 2)
    angles = patch.within(0, 2 * np.pi) + 2 * np.pi * np.arange(count) / count + patch.rng.normal(0, 0.06, count)
    depths = []
    for radius, angle in zip(radii.tolist(), angles.tolist(), strict=True):
        centre = away * float(np.sin(angle)), away * float(np.cos(angle))
        depth = blob(patch, radius, centre=centre, elongation=patch.within(1.0, 1.35), roughness=0.045)
        depths.append(np.minimum(depth, outline - 0.8))
    return np.stack(depths)


def _draw_bridge(patch: Patch, depths: NDArray[np.float32]) -> Sequence[Map]:
    """Return the nuclei, sometimes with a thin nucleoplasmic bridge between the first two."""
    if len(depths) != 2 or patch.rng.random() > 0.05:
        return list(depths)
    ends = [(float(patch.y[depth > 0].mean()), float(patch.x[depth > 0].mean())) for depth in depths]
    return [*depths, chain(patch, ends, np.full(2, 0.35))]


def _chromatin(patch: Patch, nuclei: Sequence[Map], small: Map) -> tuple[Map, Map]:
    """Return chromatin in section, and its thickness relative to the middle of a nucleus."""
    edge = patch.pixel_size_um
    chromatin, depth = np.zeros_like(small), np.maximum(small, -1e3)
    for one in nuclei:
        np.maximum(chromatin, _CHROMATIN.amount(patch, one) * cover(one, edge), out=chromatin)
        np.maximum(depth, one, out=depth)
    kind = _CHROMATIN if nuclei else _PYKNOTIC
    few = kind.without_nucleoli().amount(patch, depth)
    np.maximum(chromatin, few * cover(small, edge), out=chromatin)
    return chromatin, (1 - np.exp(-np.maximum(depth + 0.2, 0) / 0.9)).astype(np.float32)


def _cytoplasm(patch: Patch, outline: Map, nucleus: Map) -> Map:
    """Return cytoplasm: mottled, thin at its rim, and hidden by nuclei."""
    mottle = 1 + 0.1 * (patch.cloud(0.8) + patch.cloud(3.0))
    thick = 0.7 + 0.3 * cover(outline - 2, 4)
    shown: Map = np.clip(mottle, 0, 2) * thick * cover(outline, 0.5) * (1 - 0.7 * cover(nucleus, 0.4))
    return shown
