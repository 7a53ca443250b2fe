"""A rendered Wright-Giemsa smear of acute lymphoblastic leukaemia, with the class of each cell."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.rendering.drawing import CellAppearance, Chromatin, NucleatedCell
from napari_hemalens.rendering.fields import draw_cell, empty_slide, overlap
from napari_hemalens.rendering.morphology import MORPHOLOGY
from napari_hemalens.rendering.nuclei import indented, rounded
from napari_hemalens.rendering.smears import Smear, strew
from napari_hemalens.rendering.stain import Light, Stain

BLAST, NORMAL = "blast", "normal"

_FINE = Chromatin((0.62, 0.36, 0.0), clump_um=0.4, dense=0.5, pale=0.75, nucleoli=3)
_CLUMPED = Chromatin((0.88, 0.38, 0.0), clump_um=0.9, dense=0.62, pale=0.28)

LYMPHOBLASTS: tuple[CellAppearance, ...] = (
    NucleatedCell(  # small: thin rim of cytoplasm, round nucleus
        (12.0, 14.0), rounded(0.90, spread=0.03, elongation=1.3), _FINE, (0.40, 0.05, 0.0), roughness=0.03
    ),
    NucleatedCell(  # large: more cytoplasm, deep blue
        (13.5, 16.0),
        rounded(0.84, spread=0.04, elongation=1.3),
        _FINE,
        (0.40, 0.04, 0.0),
        roughness=0.045,
        mottle=0.3,
    ),
    NucleatedCell(  # cleft nucleus
        (12.5, 15.5), indented(0.88, (0.08, 0.2)), _FINE, (0.40, 0.04, 0.0), roughness=0.03
    ),
)
"""Lymphoblasts: large nuclei, fine chromatin, nucleoli, a rim of blue cytoplasm (Palmer 2015, as `morphology`)."""

_LYMPHOCYTES: tuple[CellAppearance, ...] = (
    NucleatedCell(
        (9.5, 11.5), rounded(0.88, spread=0.03, elongation=1.12), _CLUMPED, (0.30, 0.05, 0.0), roughness=0.03
    ),
    NucleatedCell(
        (11.0, 14.0), rounded(0.80, spread=0.05, elongation=1.15), _CLUMPED, (0.30, 0.02, 0.0), roughness=0.04
    ),
)
"""Mature lymphocytes, distinguished from blasts by their coarse chromatin, in the pale stain of this slide."""

_APPEARANCES: Mapping[str, tuple[CellAppearance, ...]] = {**MORPHOLOGY, BLAST: LYMPHOBLASTS, "lymphocyte": _LYMPHOCYTES}
_SMEAR = Smear(
    nucleated=2.0,
    red=6.5,
    platelets=0.5,
    shares={
        BLAST: 50,
        "lymphocyte": 27,
        "segmented_neutrophil": 10,
        "monocyte": 6,
        "erythroblast": 4,
        "eosinophil": 3,
    },
)

# Pale, and hardly absorbing blue, as in public fields of this leukaemia (mean optical density of their cells in red,
# green, blue: about 0.20, 0.24, 0.01). The packed weights were trained on blasts in no other stain.
_STAIN = Stain(np.array([[0.42, 0.42, 0.012], [0.05, 0.60, 0.02], [0.05, 0.25, 0.50]], dtype=np.float32))
_LIGHT = Light(white=(240.0, 238.0, 243.0), centre=(0.45, 0.56), blur_um=0.12, noise=1.0)
_LEAST_SEEN = 0.5  # minimum visible fraction of a cell at the image's edge that an annotator would classify


@dataclass(frozen=True, slots=True, eq=False)
class LymphoblastField:
    """A rendered field and its truth.

    Attributes
    ----------
    image : (H, W, 3) uint8, RGB
    labels : (H, W) uint16
        1, 2, ... for each nucleated cell at least half visible, 0 elsewhere.
    class_names : (N,) str
        'blast' or 'normal' of cells 1 to N.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint16]
    class_names: NDArray[np.str_]


def render_lymphoblasts(
    shape: tuple[int, int] = (512, 512), *, pixel_size_um: float = 0.11, seed: int = 0, density: float = 1.0
) -> LymphoblastField:
    """Render one field.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    pixel_size_um : float
        Micrometres per pixel.
    seed : int
        The same seed and options give the same pixels.
    density : float
        Number of cells, relative to the usual.
    """
    rng = np.random.default_rng(seed)
    dye, labels = empty_slide(shape, pixel_size_um, rng), np.zeros(shape, np.uint16)
    names: list[str] = []
    size_um = (shape[0] * pixel_size_um, shape[1] * pixel_size_um)
    for cell in strew(_SMEAR, size_um, density, rng, looks=_APPEARANCES):
        stamp, corner = draw_cell(cell, pixel_size_um, rng)
        place, part = overlap(shape, stamp, corner)
        dye[place] += stamp.dye[part]
        own = stamp.body[part] & (labels[place] == 0)
        seen = own.sum() >= _LEAST_SEEN * stamp.body.sum()
        if seen and (cell.name == BLAST or cell_class(cell.name).nucleated):
            names.append(BLAST if cell.name == BLAST else NORMAL)
            labels[place] = np.where(own, len(names), labels[place])
    return LymphoblastField(_LIGHT.photograph(_STAIN.transmission(dye), pixel_size_um, rng), labels, np.array(names))
