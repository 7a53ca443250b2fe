"""One colour per class, the same on the screen, in figures and in exported files.

Any two classes that can be on screen together differ by at least 12 in CIEDE2000, for normal vision and for viewers
without L cones (protan) or M cones (deutan), as simulated by Machado et al. 2009, doi:10.1109/TVCG.2009.113, at
severity 1.0; a test computes it. Such viewers distinguish little more than light from dark and blue from yellow, so
classes differ mostly in lightness. Related cells have related hues; red cells and platelets are pale, since a field
contains hundreds of them.
"""

from collections.abc import Mapping

from napari_hemalens.records.synonyms import meaning

_OF_CELLS: Mapping[str, str] = {
    "blast": "#aa3377",
    "promyelocyte": "#bb66aa",
    "myelocyte": "#660055",
    "metamyelocyte": "#cc4466",
    "band_neutrophil": "#cc5511",
    "segmented_neutrophil": "#ccaa00",
    "eosinophil": "#aa2200",
    "basophil": "#1100aa",
    "monocyte": "#116644",
    "erythroblast": "#4477ff",
    "lymphocyte": "#44bbee",
    "plasma_cell": "#559988",
    "megakaryocyte": "#ddee33",
    "mast_cell": "#5533dd",
    "macrophage": "#99ccaa",
    "other": "#bb9966",
    "unclassifiable": "#000000",
    "erythrocyte": "#bbaabb",
    "platelet": "#eeeeaa",
}

# Classes of other data sets and of the tasks share a colour with a class that is never shown beside them.
_BORROWED: Mapping[str, str] = {
    "neutrophil": "segmented_neutrophil",
    "granulocyte": "segmented_neutrophil",
    "WBC": "myelocyte",
    "RBC": "erythrocyte",
    "Platelets": "platelet",
    "normal": "lymphocyte",
    "micronucleus": "band_neutrophil",
    "none": "erythrocyte",
    "benign": "plasma_cell",
    "early": "segmented_neutrophil",
    "pre": "band_neutrophil",
    "pro": "blast",
}

CLASS_COLOURS: Mapping[str, str] = {**_OF_CELLS, **{name: _OF_CELLS[cell] for name, cell in _BORROWED.items()}}
"""The colour of each class, as '#rrggbb'."""

_OTHERS = ("#4477ff", "#559988", "#bb66aa", "#bb9966", "#5533dd", "#cc4466")


def colour_of(name: str) -> str:
    """Return the colour of a class as '#rrggbb'; an unknown class gets one derived from its name."""
    known = CLASS_COLOURS.get(name) or CLASS_COLOURS.get(meaning(name) or "")
    return known or _OTHERS[sum(map(ord, name)) % len(_OTHERS)]
