"""What classes are called on screen, and which keys give them."""

from collections.abc import Mapping

from napari_hemalens.records.differential import Tissue

CLASS_KEYS: Mapping[Tissue, tuple[str, ...]] = {
    "marrow": (
        "blast",
        "promyelocyte",
        "myelocyte",
        "metamyelocyte",
        "band_neutrophil",
        "segmented_neutrophil",
        "erythroblast",
        "lymphocyte",
        "monocyte",
    ),
    "blood": (
        "segmented_neutrophil",
        "band_neutrophil",
        "lymphocyte",
        "monocyte",
        "eosinophil",
        "basophil",
        "blast",
        "erythroblast",
        "unclassifiable",
    ),
}
"""The classes behind keys 1-9: those a differential of the tissue is mostly made of."""


def words(name: str) -> str:
    """Return a class as people write it."""
    return name.replace("_", " ")


def key_of(name: str, tissue: Tissue) -> str:
    """Return the key that gives a class, or nothing."""
    keys = CLASS_KEYS[tissue]
    return str(keys.index(name) + 1) if name in keys else ""
