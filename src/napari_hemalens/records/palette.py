"""One colour per class, the same on the screen, in overlays and in exported files.

Paul Tol's muted and bright schemes (https://personal.sron.nl/~pault), which stay apart for
colour-blind eyes; related cells are related in hue. Red cells and platelets are pale, since a
field holds hundreds of them.
"""

from collections.abc import Mapping

CLASS_COLOURS: Mapping[str, str] = {
    "blast": "#ee3377",
    "promyelocyte": "#882255",
    "myelocyte": "#aa4499",
    "metamyelocyte": "#cc6677",
    "band_neutrophil": "#ee7733",
    "segmented_neutrophil": "#ddaa33",
    "eosinophil": "#cc3311",
    "basophil": "#332288",
    "monocyte": "#117733",
    "erythroblast": "#0077bb",
    "lymphocyte": "#33bbee",
    "plasma_cell": "#009988",
    "megakaryocyte": "#999933",
    "mast_cell": "#6699cc",
    "macrophage": "#44aa99",
    "other": "#997700",
    "unclassifiable": "#000000",
    "erythrocyte": "#bbbbbb",
    "platelet": "#ddcc77",
    "granulocyte": "#ee7733",
    "WBC": "#aa4499",
    "RBC": "#bbbbbb",
    "Platelets": "#ddcc77",
    "benign": "#228833",
    "early": "#ccbb44",
    "pre": "#ee7733",
    "pro": "#ee3377",
}

_OTHERS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")


def colour_of(name: str) -> str:
    """Return the colour of a class as '#rrggbb'; others get one by their letters."""
    return CLASS_COLOURS.get(name) or _OTHERS[sum(map(ord, name)) % len(_OTHERS)]
