"""A layer that shows cells and follows them: what its boxes and points have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from napari.layers import Layer
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from napari_hemalens.gui.box_labels import short_names
from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.layers import features, rgba
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE
from napari_hemalens.review.boxes import ShownBoxes


class Drawing(ABC):
    """One layer of cells, and what it was last made to show.

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
            self._write_features(cells.take(rows), rows)
        self.shown = self.read()

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
            # Writing features resets what the next box gets, and a selection would take it over.
            self._write_next()
        finally:
            self.busy = False

    def _write_next(self) -> None:
        """Give the next box the class that was expected last, where it would have another."""
        colour, blank = rgba([self._next])[0], self._blank()
        with self.layer.block_update_properties():
            if not _holds(self.layer.feature_defaults, blank):
                self.layer.feature_defaults = blank
            if not np.allclose(transform_color(getattr(self.layer, self._next_colour))[0], colour, atol=1e-3):
                setattr(self.layer, self._next_colour, colour)

    def _write_features(self, chosen: Detections, rows: NDArray[np.int64]) -> None:
        """Write the features of all cells of the layer: of a table that stays as long, what is another one now."""
        wanted, table = self._features(chosen, rows), self.layer.features
        if len(table) != len(rows) or {*table.columns} != {*wanted}:
            self.layer.features = wanted
            return
        changed = [name for name, values in wanted.items() if not _same(table[name].to_numpy(), values)]
        for name in changed:
            table[name] = wanted[name]
        if changed:
            self._tell_of_features()

    def _tell_of_features(self) -> None:
        """Tell of features that were written in their places, as the layer does of those that it is given."""
        if self.layer.text.visible:
            self.layer.refresh_text()
        self.layer.events.properties()
        self.layer.events.features()

    def _features(self, chosen: Detections, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return features(chosen, rows)

    def _blank(self) -> dict[str, Any]:
        """Return the features of a box just drawn: number 0, until it is counted."""
        return {"cell": 0, "class": self._next, "score": 1.0, "certainty": np.nan, "unsure": False} | {
            "area": 0.0,
            "y": 0.0,
            "x": 0.0,
            "short": str(short_names([self._next])[0]),
        }


def _holds(table: Any, row: dict[str, Any]) -> bool:
    """Return whether a table has this row alone."""
    if len(table) != 1 or {*table.columns} != {*row}:
        return False
    return all(_same(table[name].to_numpy(), np.array([value])) for name, value in row.items())


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=np.issubdtype(other.dtype, np.floating))
