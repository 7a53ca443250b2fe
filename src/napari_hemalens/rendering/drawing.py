"""Drawing a cell: cytoplasm, granules and nucleus, as amounts of dye."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from napari_hemalens.rendering.nuclei import Nucleus
from napari_hemalens.rendering.shapes import Map, Patch, blob, cover, specks
from napari_hemalens.rendering.stain import Dye


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A drawn cell.

    Attributes
    ----------
    dye : (h, w, 3) float32
        Amounts of azure, eosin and haemoglobin.
    body : (h, w) bool
        Mask of the cell: pixels of which it covers at least half.
    """

    dye: NDArray[np.float32]
    body: NDArray[np.bool_]


class CellAppearance(Protocol):
    """The appearance of one kind of cell."""

    @property
    def diameter_um(self) -> tuple[float, float]:
        """Smallest and largest diameter in micrometres."""
        ...

    def draw(self, patch: Patch, diameter_um: float) -> Stamp:
        """Draw one such cell at the centre of `patch`."""
        ...


@dataclass(frozen=True, slots=True)
class Chromatin:
    """The texture of a nucleus.

    Attributes
    ----------
    dye : Dye
        Amounts where it is densest.
    clump_um : float
        Width of its clumps.
    dense : float
        Fraction of the nucleus that clumps cover, 0-1.
    pale : float
        Azure between the clumps, as a fraction of that in `dye`.
    nucleoli : int
        Mean number of pale round nucleoli.
    """

    dye: Dye
    clump_um: float
    dense: float
    pale: float
    nucleoli: int = 0

    def without_nucleoli(self) -> "Chromatin":
        """Return the same texture for bodies too small for nucleoli."""
        return replace(self, nucleoli=0)

    def amount(self, patch: Patch, depth: Map) -> Map:
        """Return how much chromatin there is in a nucleus of signed `depth`: about 1 where it is densest."""
        grain: Map = 0.8 * patch.cloud(self.clump_um) + 0.6 * patch.cloud(0.2)
        clumps = cover(grain + np.float32(ndtri(self.dense)), 1.5)
        # Chromatin lines the envelope: the outermost third of a micrometre is dense.
        lining = np.exp(-((depth / 0.3) ** 2))
        amount: Map = self.pale + (1 - self.pale) * np.maximum(clumps, lining)
        if self.nucleoli:
            area = float((depth > 1).sum()) * patch.pixel_size_um**2
            pits = specks(patch, cover(depth - 1), self.nucleoli / max(area, 1.0), 1.8)
            amount *= 1 - 0.3 * pits
        amount *= np.float32(patch.within(0.92, 1.12))
        return amount

    def fill(self, patch: Patch, depth: Map) -> NDArray[np.float32]:
        """Return the dye (h, w, 3) of a nucleus of signed `depth`."""
        amount = self.amount(patch, depth)
        # What is not chromatin takes up eosin: pale spots are pink.
        azure, eosin, haemoglobin = self.dye
        dye = [azure * amount, eosin * amount**0.7, haemoglobin * amount]
        return np.stack(dye, axis=-1, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Granules:
    """Granules of one kind: number per square micrometre, diameter and dye.

    Those `over_nucleus` hide what is beneath; the others add to the cytoplasm.
    """

    per_um2: float
    diameter_um: float
    dye: Dye
    over_nucleus: bool = False

    def scatter(self, dye: NDArray[np.float32], patch: Patch, outline: Map) -> NDArray[np.float32]:
        """Return the dye of a cell (h, w, 3) with granules of this kind inside its outline."""
        number = self.per_um2 * patch.within(0.7, 1.3)
        spots = specks(patch, cover(outline - 0.3, 0.3), number, self.diameter_um)
        own = np.array(self.dye, dtype=np.float32)
        return _blend(dye, np.maximum(dye, own) if self.over_nucleus else dye + own, spots)


@dataclass(frozen=True, slots=True)
class NucleatedCell:
    """A nucleated cell of one class, or of one stage of a class.

    Attributes
    ----------
    diameter_um : (float, float)
        Smallest and largest diameter.
    nucleus : Nucleus
        Draws its outline.
    chromatin : Chromatin
        Its texture.
    cytoplasm : Dye
        Amounts in the cytoplasm.
    granules : tuple of Granules
        From the bottom to the top.
    roughness : float
        Unevenness of the cell's outline, as a fraction of its radius.
    fringe_um : float
        How far its edge frays.
    mottle : float
        Unevenness of the cytoplasm: its standard deviation as a fraction.
    vacuoles_per_um2 : float
        Vacuoles in the cytoplasm.
    """

    diameter_um: tuple[float, float]
    nucleus: Nucleus
    chromatin: Chromatin
    cytoplasm: Dye
    granules: tuple[Granules, ...] = ()
    roughness: float = 0.025
    fringe_um: float = 0.08
    mottle: float = 0.2
    vacuoles_per_um2: float = 0.0

    def draw(self, patch: Patch, diameter_um: float) -> Stamp:
        """Draw one such cell at the centre of `patch`."""
        radius, stretch = diameter_um / 2, patch.within(1.0, 1.15)
        frayed = patch.warp(self.fringe_um, 0.8)
        outline = blob(frayed, radius, elongation=stretch, roughness=self.roughness)
        nucleus = self.nucleus(patch.warp(0.2, 2.5), radius)
        nucleus = np.minimum(nucleus, outline - 0.25)  # it never bulges out of the cell
        dye = self._cytoplasm(patch, outline, nucleus)
        for kind in self.granules:
            dye = dye if kind.over_nucleus else kind.scatter(dye, patch, outline)
        dye = _blend(dye, self.chromatin.fill(patch, nucleus), cover(nucleus, 0.25))
        for kind in self.granules:
            dye = kind.scatter(dye, patch, outline) if kind.over_nucleus else dye
        body = cover(outline, 0.3)
        return Stamp(dye * body[..., None], body >= 0.5)

    def _cytoplasm(self, patch: Patch, outline: Map, nucleus: Map) -> NDArray[np.float32]:
        uneven = 1 + 0.6 * self.mottle * (patch.cloud(0.35) + patch.cloud(1.2))
        uneven *= 1 - 0.4 * cover(nucleus + 0.5, 0.5)  # the pale halo of a nucleus
        if self.vacuoles_per_um2:
            width = patch.within(0.8, 1.8)
            uneven *= 1 - 0.9 * specks(patch, cover(outline - 1), self.vacuoles_per_um2, width)
        return _amounts(self.cytoplasm, np.clip(uneven, 0, 2))


@dataclass(frozen=True, slots=True)
class RedCell:
    """A red cell: a biconcave disc with central pallor.

    Thickness after Evans and Fung 1972, doi:10.1016/0026-2862(72)90069-6, fuller in the middle and
    steeper at the edge, as a dried cell is.
    """

    diameter_um: tuple[float, float] = (6.4, 8.4)

    def draw(self, patch: Patch, diameter_um: float) -> Stamp:
        """Draw one such cell at the centre of `patch`."""
        crenated = patch.rng.random() < 0.15
        stretch = 1 + abs(patch.rng.normal(0, 0.12))
        roughness = 0.035 if crenated else 0.012
        depth = blob(patch, diameter_um / 2, elongation=stretch, roughness=roughness)
        rho2 = np.clip(1 - depth / (diameter_um / 2), 0, 1) ** 2  # 0 in the centre, 1 at the edge
        biconcave = (0.81 + 7.83 * rho2 - 4.39 * rho2**2) / 4.25
        pallor = patch.within(0.2, 0.95)
        thickness = pallor * biconcave + (1 - pallor) * (1 - 0.1 * rho2)
        body = cover(depth, 0.3)
        amount = thickness * np.sqrt(1 - rho2**2) * body * patch.within(0.8, 1.25)
        return Stamp(_amounts((0.15, 0.01, 0.07), amount), body >= 0.5)


@dataclass(frozen=True, slots=True)
class Platelet:
    """A platelet: a pale-blue body full of purple granules."""

    diameter_um: tuple[float, float] = (2.0, 4.0)

    def draw(self, patch: Patch, diameter_um: float) -> Stamp:
        """Draw one such cell at the centre of `patch`."""
        ragged, stretch = patch.warp(0.12, 0.8), patch.within(1, 1.5)
        depth = blob(ragged, diameter_um / 2, elongation=stretch, roughness=0.06)
        body = cover(depth, 0.3)
        granules = specks(patch, cover(depth - 0.15, 0.5), 8.0, 0.4) * patch.within(0.5, 1.1)
        granules *= body
        dye = _amounts((0.20, 0.03, 0.0), body) + _amounts((0.60, 0.28, 0.0), granules)
        return Stamp(dye, body >= 0.5)


def _amounts(dye: Dye, amount: Map) -> NDArray[np.float32]:
    return amount[..., None] * np.array(dye, dtype=np.float32)


def _blend(under: NDArray[np.float32], over: NDArray[np.float32], alpha: Map) -> NDArray[np.float32]:
    return under + (over - under) * alpha[..., None]
