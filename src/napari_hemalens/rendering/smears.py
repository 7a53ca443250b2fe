"""The cells of a smear: classes, sizes and positions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_hemalens.records.differential import Tissue
from napari_hemalens.rendering.drawing import CellAppearance
from napari_hemalens.rendering.morphology import MORPHOLOGY

MARGIN_UM = 10.0
"""Margin around the field that also gets cells: half the largest diameter, so that the edge cuts some."""


@dataclass(frozen=True, slots=True)
class Smear:
    """The composition and crowding of a smear.

    Attributes
    ----------
    nucleated, red, platelets : float
        Cells per 1,000 square micrometres.
    shares : mapping of str to float
        Relative frequencies of the nucleated classes.
    """

    nucleated: float
    red: float
    platelets: float
    shares: Mapping[str, float]


# Frequencies near those of healthy people, with rare classes increased so that a field of two
# hundred cells shows each; for the same reason blood has far too many white cells.
SMEARS: Mapping[Tissue, Smear] = {
    "marrow": Smear(
        nucleated=1.9,
        red=7.0,
        platelets=1.2,
        shares={
            "promyelocyte": 6,
            "myelocyte": 13,
            "metamyelocyte": 12,
            "band_neutrophil": 14,
            "segmented_neutrophil": 14,
            "eosinophil": 5,
            "basophil": 3,
            "monocyte": 5,
            "erythroblast": 19,
            "lymphocyte": 10,
        },
    ),
    "blood": Smear(
        nucleated=0.4,
        red=12.0,
        platelets=1.6,
        shares={
            "segmented_neutrophil": 50,
            "lymphocyte": 27,
            "monocyte": 9,
            "eosinophil": 6,
            "band_neutrophil": 5,
            "basophil": 3,
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell to draw: its class and appearance, its centre and its diameter in micrometres."""

    name: str
    look: CellAppearance
    y: float
    x: float
    diameter: float


def strew(
    smear: Smear,
    size_um: tuple[float, float],
    density: float,
    rng: np.random.Generator,
    *,
    looks: Mapping[str, Sequence[CellAppearance]] = MORPHOLOGY,
) -> Iterator[Cell]:
    """Yield cells at random positions in a field of `size_um` (height, width) and its margin.

    `density` multiplies their numbers; `looks` are the appearances of each class. A cell that does not fit after a
    dozen tries is left out.
    """
    near = np.array([-MARGIN_UM, -MARGIN_UM])
    far = np.array(size_um) + MARGIN_UM
    taken = np.empty((0, 4))  # y, x, radius, whether it is a red cell
    for name in _names(smear, float(np.prod(far - near)) * density, rng):
        look = looks[name][int(rng.integers(len(looks[name])))]
        diameter, red = float(rng.uniform(*look.diameter_um)), name == "erythrocyte"
        # Red cells may overlap each other; nucleated cells overlap nothing.
        closest = np.where(red & (taken[:, 3] > 0), rng.uniform(0.5, 1.05), rng.uniform(0.9, 1.05))
        for _ in range(12):
            y, x = rng.uniform(near, far).tolist()
            apart = np.hypot(taken[:, 0] - y, taken[:, 1] - x)
            if np.all(apart > closest * (taken[:, 2] + diameter / 2)):
                taken = np.vstack([taken, [y, x, diameter / 2, red]])
                yield Cell(name, look, y, x, diameter)
                break


def _names(smear: Smear, area_um2: float, rng: np.random.Generator) -> Iterator[str]:
    """Yield the class of each cell, nucleated ones first, since they need most room."""
    whole = area_um2 / 1000
    shares = np.array(list(smear.shares.values())) / sum(smear.shares.values())
    yield from rng.choice(list(smear.shares), rng.poisson(smear.nucleated * whole), p=shares).tolist()
    yield from ["erythrocyte"] * rng.poisson(smear.red * whole)
    yield from ["platelet"] * rng.poisson(smear.platelets * whole)
