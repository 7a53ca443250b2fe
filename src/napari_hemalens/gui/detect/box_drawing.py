"""A layer of boxes follows its cells: the fewest changes, a little at a time, so that the window stays alive.

Building a rectangle costs napari about 0.3 ms, each change of the layer some more for every box that is there, and then
a picture: a few hundred boxes at once can be felt, three thousand are a second of a dead window.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_hemalens.gui.box_shapes import are_cut, bounds_of, line_width, outlines, reshape
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.matching import matched
from napari_hemalens.gui.detect.shown import joined, shown_as, without
from napari_hemalens.gui.layers import colours_of
from napari_hemalens.records.detections import Detections

_STEP_S = 0.025  # that building boxes may take at once
_FEWEST, _MOST = 10, 100  # boxes added at once
_REMOVED_AT_ONCE = 400


class BoxDrawing(Drawing):
    """A Shapes layer, in which only what has changed is drawn anew."""

    layer: Shapes
    _next_colour = "current_edge_color"

    def follow(self, cells: Detections, rows: NDArray[np.int64]) -> Iterator[None]:
        """Make the layer show `rows` of the cells, yielding after each small step."""
        held = self.read()
        places, gone = matched(cells.boxes[rows], held.boxes)
        present = rows[places]
        missing = np.delete(rows, places)
        for end in range(len(gone), 0, -_REMOVED_AT_ONCE):  # from the end: earlier places stay true
            removed = gone[max(0, end - _REMOVED_AT_ONCE) : end]
            with self.writing():
                self.layer.remove(removed.tolist())
            self.shown = held = without(held, removed)
            yield
        self._rename(cells.take(present), present, held.boxes)
        yield
        yield from self._reshape(cells.take(present))
        yield from self._add_all(cells, missing)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write without a thumbnail: it shows the faces of shapes, and ours have none."""
        with super().writing(), self.layer.block_thumbnail_update():
            yield

    def _rename(self, chosen: Detections, rows: NDArray[np.int64], boxes: NDArray[np.float32]) -> None:
        """Give the boxes that stay the colours and features of their cells, where they have others."""
        colours = colours_of(chosen)
        with self.writing():
            changed = np.flatnonzero(np.any(np.abs(colours - self.layer.edge_color) > 1e-3, axis=1))
            if len(changed):  # those alone: the setter of the layer goes through every box
                self.layer._data_view.update_edge_colors(changed.tolist(), colours[changed])
                self.layer.events.edge_color()
            self._write_features(chosen, rows)
        self.shown = shown_as(chosen, rows, boxes)

    def _add_all(self, cells: Detections, missing: NDArray[np.int64]) -> Iterator[None]:
        """Add boxes, as many at once as take no longer than can be felt."""
        width, size, start = line_width(cells.boxes), _FEWEST, 0
        while start < len(missing):
            began = time.perf_counter()
            self._add(cells, missing[start : start + size], width)
            took = time.perf_counter() - began
            start += size
            size = int(np.clip(size * _STEP_S / took, _FEWEST, _MOST))
            yield

    def _add(self, cells: Detections, rows: NDArray[np.int64], width: float) -> None:
        """Draw boxes that the layer does not show yet."""
        new = cells.take(rows)
        shapes, kinds = outlines(new.boxes, new.unsure)
        with self.writing():
            self.layer.add(
                shapes,
                shape_type=kinds,
                edge_color=colours_of(new),
                face_color="transparent",
                edge_width=width,
            )
            self._write_last(new, rows)
        self.shown = joined([self.shown, shown_as(new, rows, bounds_of(shapes))])

    def _write_last(self, new: Detections, rows: NDArray[np.int64]) -> None:
        """Write the features of the boxes added last in their places: the table is not made anew."""
        table = self.layer.features
        for name, values in self._features(new, rows).items():
            table.iloc[len(table) - len(rows) :, table.columns.get_loc(name)] = values
        self._tell_of_features()

    def _reshape(self, cells: Detections) -> Iterator[None]:
        """Cut the corners of the first boxes where their cells are unsure, and only there; one after the other."""
        for index in np.flatnonzero(are_cut(self.layer)[: len(cells)] != cells.unsure):
            with self.writing():
                reshape(self.layer, int(index), cells.boxes[index], unsure=bool(cells.unsure[index]))
            (shape,), _ = outlines(cells.boxes[index][None], cells.unsure[[index]])
            self.shown.boxes[index] = bounds_of([shape])[0]
            yield
