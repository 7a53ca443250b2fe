"""The short names of classes on boxes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Shapes
from napari.layers.utils.color_encoding import ConstantColorEncoding, NominalColorEncoding
from napari.layers.utils.string_encoding import ConstantStringEncoding
from napari.utils.colormaps.categorical_colormap import CategoricalColormap
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.palette import CLASS_COLOURS, colour_of
from napari_hemalens.records.taxonomy import ICSH, cell_class

UNSURE_MEANS = "unlike all cells that the classifier learned from"

_UNSURE = "?"
_SHORT = "{short}"  # the feature


def short_names(names: Sequence[str] | NDArray[Any], unsure: NDArray[np.bool_] | None = None) -> NDArray[np.object_]:
    """Return what the label on a box says of each class (N,): nothing of red cells and platelets, which abound.

    That of an `unsure` cell (N,) ends with a question mark.
    """
    known = {name: cell_class(str(name)) for name in {*names}}
    short = [known[name].short if known[name].nucleated else "" for name in names]
    marked = np.zeros(len(short), dtype=np.bool_) if unsure is None else unsure
    said = [label + _UNSURE if label and strange else label for label, strange in zip(short, marked, strict=True)]
    return np.array([label.replace("??", "?") for label in said], dtype=object)


def describe(cells: Detections, row: int) -> str:
    """Return a cell in words: its class, the probability of that, the score, and whether it is unsure."""
    cell = cells.take(np.array([row]))
    certainty, score = float(cell.certainty[0]), float(cell.scores[0])
    return in_words(str(cell.class_names[0]), certainty, score, unsure=bool(cell.unsure[0]))


def in_words(name: str, certainty: float, score: float, *, unsure: bool) -> str:
    """Return class, probability (NaN: none), score and whether a cell is unsure as one phrase."""
    sure = "" if np.isnan(certainty) else f" (p {certainty:.2f})"
    return f"{display_name(name)}{sure}, score {score:.2f}{', unsure' if unsure else ''}"


def label_style() -> dict[str, Any]:
    """Return how napari writes the short name of its class on each box, in the colour of the class."""
    return {
        "string": _SHORT,
        "color": _in_colours(),
        "size": 9,
        "anchor": "upper_left",
        "visible": False,  # until they are wanted, and boxes are large enough on the screen
    }


def show_labels(layer: Shapes, *, shown: bool) -> None:
    """Let a layer of `label_style` show its labels, or have none: napari makes all anew whenever one box changes.

    It takes 60 ms for 5,000 boxes, whether they are seen or not.
    """
    text = layer.text
    with text.events.blocker_all():
        text.string = _SHORT if shown else ConstantStringEncoding(constant="")
        text.color = _in_colours() if shown else ConstantColorEncoding(constant="white")
        layer.refresh_text()
    text.visible = shown


def _in_colours() -> NominalColorEncoding:
    colours = {name: colour_of(name) for name in (*CLASS_COLOURS, *ICSH.classes)}
    return NominalColorEncoding(feature="class", colormap=CategoricalColormap(colormap=colours, fallback_color="white"))
