"""The short names of classes on boxes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Shapes
from napari.layers.utils.string_encoding import ConstantStringEncoding
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name
from napari_hemalens.records.contrast import ink_on
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class

UNSURE_MEANS = "unlike all cells that the classifier learned from"

_UNSURE = "?"
_SHORT = "{short}"  # the feature
_INK = "#000000"  # of labels whose image is not known: most are stained, on a bright ground


def short_names(names: Sequence[str] | NDArray[Any], unsure: NDArray[np.bool_] | None = None) -> NDArray[np.object_]:
    """Return what the label on a box says of each class (N,): nothing of red cells and platelets, which abound.

    That of an `unsure` cell (N,) ends with a question mark.
    """
    known = {name: cell_class(str(name)) for name in {*names}}
    short = [known[name].short if known[name].nucleated else "" for name in names]
    marked = np.zeros(len(short), dtype=np.bool_) if unsure is None else unsure
    said = [label + _UNSURE if label and strange else label for label, strange in zip(short, marked, strict=True)]
    return np.array([label.replace("??", "?") for label in said], dtype=object)


def short_names_of(cells: Detections) -> NDArray[np.object_]:
    """Return what the label on the box of each cell says (N,), as `short_names` does."""
    sure, unsure = short_names(cells.names), short_names(cells.names, np.ones(len(cells.names), dtype=np.bool_))
    return np.where(cells.unsure, unsure[cells.classes], sure[cells.classes])


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
    """Return how napari writes the short name of its class on each box; the box has the colour of the class."""
    return {
        "string": _SHORT,
        "color": _INK,
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
        layer.refresh_text()
    text.visible = shown


def ink_labels(layer: Shapes, image: Image | None) -> None:
    """Write the labels of a layer in black or white, whichever is read better on its image as that is shown now."""
    ink = _INK if image is None else ink_on(_ground(image))
    if not np.allclose(layer.text.color(layer.features)[..., :3], int(ink[1:3], 16) / 255):
        layer.text.color = ink


def _ground(image: Image) -> str:
    """Return the colour of most of an image in the display, as its thumbnail has it: '#rrggbb'."""
    low, high = image.extent.data[:, -2:]
    shown = image.thumbnail
    # The image lies in the middle of its thumbnail, as long as that one way and shorter the other.
    margins = np.subtract(shown.shape[:2], shown.shape[:2] * (high - low) / max(high - low)) / 2
    down, right = np.floor(margins + 0.5).astype(int)
    inside = shown[down : max(down + 1, shown.shape[0] - down), right : max(right + 1, shown.shape[1] - right)]
    red, green, blue = np.median(inside.reshape(-1, 4), axis=0).astype(int)[:3]
    return f"#{red:02x}{green:02x}{blue:02x}"
