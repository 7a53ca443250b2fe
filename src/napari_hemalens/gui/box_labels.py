"""The short names of classes on boxes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers.utils.color_encoding import NominalColorEncoding
from napari.utils.colormaps.categorical_colormap import CategoricalColormap
from numpy.typing import NDArray

from napari_hemalens.records.palette import CLASS_COLOURS, colour_of
from napari_hemalens.records.taxonomy import ICSH, cell_class


def short_names(names: Sequence[str] | NDArray[Any]) -> NDArray[np.object_]:
    """Return what the label on a box says of each class (N,): nothing of red cells and platelets, which abound."""
    known = {name: cell_class(str(name)) for name in {*names}}
    return np.array([known[name].short if known[name].nucleated else "" for name in names], dtype=object)


def label_style() -> dict[str, Any]:
    """Return how napari writes the short name of its class on each box, in the colour of the class."""
    colours = {name: colour_of(name) for name in (*CLASS_COLOURS, *ICSH.classes)}
    colormap = CategoricalColormap(colormap=colours, fallback_color="white")
    return {
        "string": "{short}",
        "color": NominalColorEncoding(feature="class", colormap=colormap),
        "size": 9,
        "anchor": "upper_left",
        "visible": False,  # until they are wanted, and boxes are large enough on the screen
    }
