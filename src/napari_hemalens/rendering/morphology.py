"""The appearance of each class of cell, as a table.

Features follow the ICSH guidelines (blood: Palmer et al. 2015, doi:10.1111/ijlh.12327; marrow: Lee et
al. 2008, doi:10.1111/j.1751-553X.2008.01100.x). Sizes and amounts of dye were set by comparing rendered
with real cells (PBC, Acevedo et al. 2020, doi:10.1016/j.dib.2020.105474).
"""

from collections.abc import Mapping

from napari_hemalens.rendering.drawing import (
    CellAppearance,
    Chromatin,
    Granules,
    NucleatedCell,
    Platelet,
    RedCell,
)
from napari_hemalens.rendering.nuclei import folded, horseshoe, indented, lobed, rounded
from napari_hemalens.rendering.stain import Dye

_PURPLE: Dye = (0.84, 0.36, 0.0)
_RIPE = Chromatin(_PURPLE, clump_um=0.55, dense=0.84, pale=0.36)
_PINK: Dye = (0.08, 0.04, 0.03)
_NEUTROPHIL_GRAINS = (
    Granules(2.5, 0.25, (0.06, 0.10, 0.0)),
    Granules(0.25, 0.32, (0.22, 0.22, 0.0)),
)

MORPHOLOGY: Mapping[str, tuple[CellAppearance, ...]] = {
    "promyelocyte": (
        NucleatedCell(
            (15.0, 19.0),
            rounded(0.71, elongation=1.35),
            Chromatin((0.78, 0.36, 0.0), 0.40, 0.60, 0.48, nucleoli=2),
            (0.26, 0.03, 0.0),
            (Granules(2.2, 0.40, (0.34, 0.36, 0.0)), Granules(1.0, 0.38, (0.82, 0.42, 0.0), True)),
            roughness=0.035,
            mottle=0.35,
        ),
    ),
    "myelocyte": (
        NucleatedCell(
            (14.0, 18.0),
            rounded(0.63, elongation=1.45),
            Chromatin((0.80, 0.36, 0.0), 0.45, 0.66, 0.42),
            (0.19, 0.03, 0.02),
            (Granules(1.3, 0.35, (0.20, 0.18, 0.0)),),
            roughness=0.04,
            mottle=0.32,
        ),
    ),
    "metamyelocyte": (
        NucleatedCell(
            (14.0, 17.5),
            indented(0.64, (0.14, 0.34)),
            Chromatin(_PURPLE, 0.5, 0.76, 0.38),
            (0.13, 0.04, 0.03),
            (Granules(2.0, 0.30, (0.10, 0.14, 0.0)),),
            mottle=0.28,
        ),
    ),
    "band_neutrophil": (NucleatedCell((13.5, 17.5), horseshoe, _RIPE, _PINK, _NEUTROPHIL_GRAINS),),
    "segmented_neutrophil": (
        NucleatedCell(
            (13.5, 17.5),
            lobed((3, 4, 5), (0.5, 0.35, 0.15), 0.30),
            _RIPE,
            _PINK,
            _NEUTROPHIL_GRAINS,
        ),
    ),
    "eosinophil": (
        NucleatedCell(
            (13.5, 16.5),
            lobed((2, 3), (0.7, 0.3), 0.38),
            _RIPE,
            (0.12, 0.03, 0.02),
            (Granules(1.8, 0.60, (0.05, 0.15, 0.08)), Granules(2.5, 0.4, (0.08, 0.14, 0.03))),
        ),
    ),
    "basophil": (
        NucleatedCell(
            (12.0, 15.0),
            lobed((2, 3), (0.5, 0.5), 0.52),
            Chromatin((0.66, 0.32, 0.0), 0.5, 0.6, 0.6),
            (0.13, 0.09, 0.0),
            (Granules(2.0, 0.5, (0.90, 0.36, 0.0), True),),
        ),
    ),
    "monocyte": (
        NucleatedCell(
            (15.0, 20.0),
            folded,
            Chromatin((0.76, 0.36, 0.0), 0.42, 0.64, 0.46),
            (0.22, 0.02, 0.01),
            (Granules(0.8, 0.28, (0.10, 0.12, 0.0)),),
            roughness=0.06,
            fringe_um=0.12,
            mottle=0.32,
            vacuoles_per_um2=0.03,
        ),
    ),
    "erythroblast": (
        NucleatedCell(  # basophilic: deep blue cytoplasm, coarse chromatin
            (12.0, 14.5),
            rounded(0.68, elongation=1.08, roughness=0.01),
            Chromatin(_PURPLE, 0.6, 0.78, 0.38),
            (0.32, 0.02, 0.02),
            roughness=0.035,
        ),
        NucleatedCell(  # polychromatic: grey
            (10.0, 12.5),
            rounded(0.58, elongation=1.1, roughness=0.01),
            Chromatin((0.92, 0.38, 0.0), 0.6, 0.84, 0.42),
            (0.21, 0.0, 0.05),
            roughness=0.05,
            mottle=0.10,
        ),
        NucleatedCell(  # orthochromatic: pink-grey, with a small black nucleus
            (9.0, 11.5),
            rounded(0.50, elongation=1.08, roughness=0.01),
            Chromatin((0.98, 0.38, 0.0), 0.6, 0.95, 0.85),
            (0.15, 0.01, 0.07),
            roughness=0.05,
            mottle=0.08,
        ),
    ),
    "lymphocyte": (
        NucleatedCell(  # small: hardly any cytoplasm
            (9.5, 11.5),
            rounded(0.90, spread=0.03, elongation=1.12),
            Chromatin((0.88, 0.38, 0.0), 0.45, 0.76, 0.5),
            (0.45, 0.05, 0.0),
            roughness=0.03,
            fringe_um=0.2,
        ),
        NucleatedCell(  # large: a pale-blue rim
            (11.0, 14.0),
            rounded(0.80, spread=0.05, elongation=1.15),
            Chromatin((0.82, 0.38, 0.0), 0.45, 0.70, 0.5),
            (0.32, 0.02, 0.0),
            roughness=0.04,
            fringe_um=0.2,
            mottle=0.4,
        ),
    ),
    "erythrocyte": (RedCell(),),
    "platelet": (Platelet(),),
}
"""The 12 classes, each with its stages or sizes."""
