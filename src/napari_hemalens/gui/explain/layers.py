"""A heatmap becomes an Image layer over its image. No Qt, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari.utils.colormaps import Colormap

from napari_hemalens.figures.heatmaps import COLOURS, OPAQUE, heatmap_colours
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.layers import MARK, LayerData
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained


@dataclass(frozen=True, slots=True)
class Blend:
    """How heatmaps lie on an image.

    Attributes
    ----------
    opacity : float
        Share of the colour where the heatmap is 1.
    additive : bool
        Added to the image as light is, which shows on dark ground only; else it hides what it lies on.
    """

    opacity: float = OPAQUE
    additive: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """The same in napari's words."""
        return {"opacity": self.opacity, "blending": "additive" if self.additive else "translucent"}


def heatmap_layer(heatmap: HeatmapPyramid, name: str, placement: Mapping[str, Any], blend: Blend) -> LayerData:
    """Return a heatmap as an image in colours that mean the same everywhere.

    `placement` are the attributes that put the layer over the image, as `placement_of` returns them.
    """
    attributes: dict[str, Any] = {
        "name": name,
        "rgb": False,
        "multiscale": len(heatmap.levels) > 1,
        "contrast_limits": (0.0, 1.0),
        "colormap": Colormap(heatmap_colours(), name=f"{COLOURS}, clear below"),
        **blend.attributes,
        **placement,
    }
    return heatmap.data, attributes, "image"


def origin(explained: Explained) -> dict[str, Any]:
    """Return where a heatmap comes from, as plain values."""
    came: Provenance = explained.provenance
    return {
        MARK: {
            "method": explained.method,
            "target": explained.target,
            "task": came.recipe.get("task", ""),
            "weights": came.weights,
            "sha256": came.sha256,
            "recipe": dict(came.recipe),
            "versions": dict(came.versions),
            "notes": list(came.notes),
        }
    }
