"""A layer follows its cells: the fewest changes, a little at a time, so that the window stays alive.

Building a rectangle costs napari about 0.3 ms, and drawing the layer again some 20 ms: a few hundred boxes at
once can be felt, three thousand are a second of a dead window.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from napari.layers import Layer, Points, Shapes
from numpy.typing import NDArray

from napari_hemalens.gui.box_labels import short_names
from napari_hemalens.gui.box_shapes import (
    SURE_POINT,
    are_cut,
    box_side,
    boxes_of,
    line_width,
    outlines,
    point_size,
    point_symbols,
    points,
    reshape,
    sides,
)
from napari_hemalens.gui.layers import features, rgba
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE
from napari_hemalens.review.boxes import ShownBoxes

_ADDED_AT_ONCE = 100
_REMOVED_AT_ONCE = 400


class Drawing(ABC):
    """One layer of `as_layers`, and what it was last made to show.

    Attributes
    ----------
    layer : Layer
        The layer.
    shown : ShownBoxes
        What it showed when we last wrote to it: the difference to `read` is what a person did.
    busy : bool
        Whether the layer is being written to: its events are then ours.
    """

    _next_colour: ClassVar[str]

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.busy = False
        self._next = UNCLASSIFIABLE
        self.shown = self.read()

    def read(self) -> ShownBoxes:
        """Return what the layer shows now."""
        table = self.layer.features
        return ShownBoxes(
            rows=table["cell"].to_numpy(dtype=np.int64) - 1,
            boxes=boxes_of(self.layer),
            names=table["class"].to_numpy(dtype=np.str_),
        )

    def number(self, cells: Detections, rows: NDArray[np.int64]) -> None:
        """Write the features anew: box i of the layer is cell `rows[i]`."""
        with self.writing():
            self.layer.features = self._features(cells.take(rows), rows)

    def expect(self, name: str) -> None:
        """Give the next box that a person draws a class."""
        self._next = name
        with self.writing():
            pass

    @abstractmethod
    def follow(self, cells: Detections, rows: NDArray[np.int64]) -> Iterator[None]:
        """Make the layer show `rows` of the cells, yielding after each small step."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Tell our own changes from those of a person."""
        self.busy = True
        try:
            yield
            self.shown = self.read()
            # Writing features resets what the next box gets, and a selection would take it over.
            with self.layer.block_update_properties():
                self.layer.feature_defaults = self._blank()
                setattr(self.layer, self._next_colour, rgba([self._next])[0])
        finally:
            self.busy = False

    def _features(self, cells: Detections, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return features(cells, rows)

    def _blank(self) -> dict[str, Any]:
        """Return the features of a box just drawn: number 0, until it is counted."""
        return {"cell": 0, "class": self._next, "score": 1.0, "certainty": np.nan, "unsure": False} | {
            "area": 0.0,
            "y": 0.0,
            "x": 0.0,
            "short": str(short_names([self._next])[0]),
        }


class BoxDrawing(Drawing):
    """A Shapes layer, in which only what has changed is drawn anew."""

    layer: Shapes
    _next_colour = "current_edge_color"

    def follow(self, cells: Detections, rows: NDArray[np.int64]) -> Iterator[None]:
        """Make the layer show `rows` of the cells, yielding after each small step."""
        places, gone = _matched(cells.boxes[rows], boxes_of(self.layer))
        present = rows[places]
        missing = np.delete(rows, places)
        for end in range(len(gone), 0, -_REMOVED_AT_ONCE):  # from the end: earlier places stay true
            with self.writing():
                self.layer.remove([int(place) for place in gone[max(0, end - _REMOVED_AT_ONCE) : end]])
            yield
        self._recolour(rgba(cells.take(present).class_names))
        self.number(cells, present)
        yield
        yield from self._reshape(cells.take(present))
        for start in range(0, len(missing), _ADDED_AT_ONCE):
            present = np.append(present, missing[start : start + _ADDED_AT_ONCE])
            self._add(cells, present)
            yield

    def _add(self, cells: Detections, present: NDArray[np.int64]) -> None:
        """Draw the last of the boxes `present`, which the layer does not show yet."""
        new = cells.take(present[self.layer.nshapes :])
        with self.writing():
            shapes, kinds = outlines(new.boxes, new.unsure)
            self.layer.add(
                shapes,
                shape_type=kinds,
                edge_color=rgba(new.class_names),
                face_color="transparent",
                edge_width=line_width(cells.boxes),
            )
            self.layer.features = self._features(cells.take(present), present)

    def _reshape(self, cells: Detections) -> Iterator[None]:
        """Cut the corners of the first boxes where their cells are unsure, and only there; one after the other."""
        for index in np.flatnonzero(are_cut(self.layer)[: len(cells)] != cells.unsure):
            with self.writing():
                reshape(self.layer, int(index), cells.boxes[index], unsure=bool(cells.unsure[index]))
            yield

    def _recolour(self, colours: NDArray[np.float32]) -> None:
        # The colours of all boxes are one setting, and setting it is slow: only where it has to be.
        if not np.allclose(colours, self.layer.edge_color, atol=1e-3):
            with self.writing():
                self.layer.edge_color = colours


class PointDrawing(Drawing):
    """A Points layer, which napari draws as a whole in no time."""

    layer: Points
    _next_colour = "current_face_color"

    def follow(self, cells: Detections, rows: NDArray[np.int64]) -> Iterator[None]:
        """Make the layer show `rows` of the cells, in one step."""
        chosen = cells.take(rows)
        with self.writing():
            self.layer.selected_data = set()
            self.layer.data = points(chosen.boxes)
            self.layer.features = self._features(chosen, rows)
            if len(chosen):  # napari warns of no colours for no points
                self.layer.face_color = rgba(chosen.class_names)
                self.layer.symbol = point_symbols(chosen)
            self.layer.size = point_size(cells.boxes)
            with self.layer.block_update_properties():
                self.layer.current_symbol = SURE_POINT
        yield

    def _features(self, cells: Detections, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return features(cells, rows) | sides(cells.boxes)

    def _blank(self) -> dict[str, Any]:
        side = box_side(self.shown.boxes)  # what a person cannot draw with a click
        return super()._blank() | {"height": side, "width": side}


def drawing(layer: Layer) -> Drawing:
    """Return the drawing on a layer of `as_layers`."""
    return PointDrawing(layer) if isinstance(layer, Points) else BoxDrawing(layer)


def _matched(wanted: NDArray[np.float32], shown: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which wanted box each box that may stay already is, in the order of the layer, and the rest.

    The rest are places in the layer whose boxes have to go. Equal boxes are matched one to one.
    """
    waiting: dict[bytes, list[int]] = defaultdict(list)
    for index, key in reversed(list(enumerate(_keys(wanted)))):
        waiting[key].append(index)
    places, gone = [], []
    for place, key in enumerate(_keys(shown)):
        if waiting[key]:
            places.append(waiting[key].pop())
        else:
            gone.append(place)
    return np.array(places, dtype=np.int64), np.array(gone, dtype=np.int64)


def _keys(boxes: NDArray[np.float32]) -> Sequence[bytes]:
    """Return something equal for boxes that agree to a sixteenth of a pixel, which is finer than the eye."""
    return [row.tobytes() for row in np.round(boxes * 16).astype(np.int64)]
