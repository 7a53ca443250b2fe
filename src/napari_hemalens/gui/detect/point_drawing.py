"""A layer of points follows its cells: napari draws it as a whole in no time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray

from napari_hemalens.gui.box_shapes import SURE_POINT, UNSURE_POINT, box_side, boxes_of, point_size, points, sides
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.matching import matched
from napari_hemalens.gui.detect.shown import shown_as
from napari_hemalens.gui.layers import colours_of, features
from napari_hemalens.records.detections import Detections


class PointDrawing(Drawing):
    """A Points layer; only what has changed is written, since napari draws all points anew after each."""

    layer: Points
    _next_colour = "current_face_color"

    def follow(self, cells: Detections, rows: NDArray[np.int64]) -> Iterator[None]:
        """Make the layer show `rows` of the cells, in one step; those that stay keep their places, and are selected."""
        held = self.read()
        places, gone = matched(cells.boxes[rows], held.boxes)
        anew = len(gone) > 0 or len(rows) > len(places)
        kept = np.delete(np.arange(len(held.rows)), gone)
        selected = np.flatnonzero(np.isin(kept, [*self.layer.selected_data]))
        rows = np.concatenate([rows[places], np.delete(rows, places)])
        chosen = cells.take(rows)
        with self.writing():
            if anew:
                self.layer.selected_data = set()
                self.layer.data = points(chosen.boxes)
                self.layer.selected_data = {*selected.tolist()}
            self._write_looks(chosen, point_size(cells.boxes))
            self._write_features(chosen, rows)
        self.shown = self.read() if anew else shown_as(chosen, rows, held.boxes)
        yield

    def _write_looks(self, chosen: Detections, size: float) -> None:
        if len(chosen):  # napari warns of no colours for no points
            colours, symbols = colours_of(chosen), self._symbols(chosen)
            if not np.allclose(self.layer.face_color, colours, atol=1e-3):
                self.layer.face_color = colours
            if not np.array_equal(self.layer.symbol, symbols):
                self.layer.symbol = symbols
        if not np.all(self.layer.size == size):
            self.layer.size = size
        if str(self.layer.current_symbol) != SURE_POINT:
            with self.layer.block_update_properties():
                self.layer.current_symbol = SURE_POINT

    def _symbols(self, chosen: Detections) -> NDArray[np.object_]:
        """Return what napari holds as the symbol of each cell (N,): to compare words takes long."""
        kind = type(self.layer.current_symbol)
        sure, unsure = (np.array([kind(name)], dtype=object) for name in (SURE_POINT, UNSURE_POINT))
        return np.where(chosen.unsure, unsure, sure)

    def _features(self, chosen: Detections, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return features(chosen, rows) | sides(chosen.boxes)

    def _blank(self) -> dict[str, Any]:
        side = box_side(boxes_of(self.layer))  # what a person cannot draw with a click
        return super()._blank() | {"height": side, "width": side}
