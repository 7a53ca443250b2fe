"""What shows cells, and lets one stand out: boxes, classes, and heatmaps. No Qt, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.explain.results import Heatmaps
from napari_hemalens.gui.explain.state import ExplanationState
from napari_hemalens.gui.same_cell import Spot, box_of, label_of
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified

_PAINTING = frozenset({"paint", "erase", "fill", "polygon"})  # modes in which the label is what a person paints with


class Follower(Protocol):
    """What shows the cells of one plane of one image; a cell is a row of it."""

    @property
    def image(self) -> Image | None:
        """The image, where it is still there."""

    @property
    def plane(self) -> tuple[int, ...]:
        """Which plane; empty where there is one only, or nobody knows."""

    @property
    def frame(self) -> tuple[int, ...]:
        """Which frame of the image; empty where there is one only, or nobody knows."""

    @property
    def layers(self) -> Sequence[Layer]:
        """Where the cells are seen."""

    def spot(self, row: int) -> Spot:
        """Return where a cell is."""

    def at(self, y: float, x: float) -> int | None:
        """Return the cell at a place in pixels, whose middles are whole numbers."""

    def find(self, spot: Spot) -> int | None:
        """Return the cell at a spot, or None where there is none."""

    def highlight(self, row: int | None) -> None:
        """Let one cell stand out, or none."""


@dataclass(frozen=True, slots=True)
class BoxFollower:
    """The detected cells of an image."""

    field: Field
    plane: tuple[int, ...] = ()

    @property
    def image(self) -> Image | None:
        """The image, where it is still there."""
        return self.field.image

    @property
    def frame(self) -> tuple[int, ...]:
        """Which frame of the image; of a file that is shown, nobody has to ask."""
        return self.field.frame if isinstance(self.field.frame, tuple) else ()

    @property
    def layers(self) -> Sequence[Layer]:
        """The boxes and points."""
        return self.field.layers

    @property
    def boxes(self) -> NDArray[np.float32]:
        """Those on screen, in the order of the layers: (N, 4)."""
        return self.field.shown.boxes

    @property
    def busy(self) -> bool:
        """Whether they are being written to."""
        return any(each.busy for each in self.field.drawings)

    @property
    def chosen(self) -> int | None:
        """The one that is selected; of several, none is the cell."""
        selected = self.field.chosen
        return selected[0] if len(selected) == 1 else None

    def spot(self, row: int) -> Spot:
        """Return where a cell is."""
        return Spot.of_box(self.boxes[row])

    def at(self, y: float, x: float) -> int | None:
        """Return the smallest box at a place."""
        return box_of(Spot.at(y, x), self.boxes)

    def find(self, spot: Spot) -> int | None:
        """Return the box of the cell at a spot."""
        return box_of(spot, self.boxes)

    def highlight(self, row: int | None) -> None:
        """Select a box, or none."""
        self.field.choose([] if row is None else [row])


class _StateFollower:
    """What a follower says of the image that its state is of."""

    __slots__ = ()
    state: ClassificationState | ExplanationState

    @property
    def image(self) -> Image:
        """The image."""
        return self.state.image

    @property
    def plane(self) -> tuple[int, ...]:
        """Which plane of the layer that the cells come from."""
        return self.state.plane

    @property
    def frame(self) -> tuple[int, ...]:
        """Which frame of the image."""
        return self.state.frame


@dataclass(frozen=True, slots=True)
class ClassFollower(_StateFollower):
    """The classified cells of a layer, and that layer, where it is of labels."""

    results: ClassResults
    state: ClassificationState

    @property
    def layers(self) -> Sequence[Layer]:
        """The classes, and what was classified."""
        source = self.state.source if isinstance(self.state.source, Labels) and not self.state.parted else None
        return tuple(layer for layer in (self.state.layer, source) if layer is not None)

    @property
    def cells(self) -> Classified | None:
        """The cells; None until there are some."""
        return None if self.state.reviewed is None else self.state.reviewed.cells

    def spot(self, row: int) -> Spot:
        """Return where a cell is."""
        # Rows come from `find` and `row_of`, which need both.
        return Spot.of_label(cast("NDArray[Any]", self.state.labels), cast("Classified", self.cells), row)

    def at(self, y: float, x: float) -> int | None:
        """Return the cell at a place."""
        return None if self.state.labels is None else row_of(self.cells, _number_at(self.state.labels, y, x))

    def find(self, spot: Spot) -> int | None:
        """Return the cell at a spot."""
        if self.cells is None or self.state.labels is None:
            return None
        return label_of(spot, self.state.labels, self.cells)

    def highlight(self, row: int | None) -> None:
        """Select the label of a cell, or the background."""
        number = 0 if row is None or self.cells is None else int(self.cells.ids[row])
        for layer in self.layers:
            point_at(layer, number, keep=layer is self.state.source)
        self.results.point_at(self.state, number or None)


@dataclass(frozen=True, slots=True)
class HeatmapFollower(_StateFollower):
    """The explained cells of a layer, and that layer, where it is of labels."""

    results: Heatmaps
    state: ExplanationState

    @property
    def layers(self) -> Sequence[Layer]:
        """What was explained."""
        return (self.state.source,) if isinstance(self.state.source, Labels) and not self.state.recipe.relabel else ()

    @property
    def cells(self) -> CellMap | None:
        """The cells; None until there are some."""
        return self.state.cells

    def spot(self, row: int) -> Spot:
        """Return where a cell is."""
        cells = cast("CellMap", self.cells)  # rows come from `find` and `row_of`, which need them
        return Spot.of_label(cells.labels, cells, row)

    def at(self, y: float, x: float) -> int | None:
        """Return the cell at a place."""
        return None if self.cells is None else row_of(self.cells, _number_at(self.cells.labels, y, x))

    def find(self, spot: Spot) -> int | None:
        """Return the cell at a spot, where it is explained."""
        row = None if self.cells is None else label_of(spot, self.cells.labels, self.cells)
        if row is None or self.cells is None:
            return None
        number = int(self.cells.ids[row])
        return row if any(number in found.tiles for found in self.state.shown.values()) else None

    def highlight(self, row: int | None) -> None:
        """Look at a cell, or at none."""
        number = 0 if row is None or self.cells is None else int(self.cells.ids[row])
        for layer in self.layers:
            point_at(layer, number, keep=True)
        looked_at = self.state.chosen if self.results.current is self.state else None
        if looked_at != (number or None):
            self.results.choose(self.state, number or None)


def row_of(cells: CellMap | Classified | None, number: int) -> int | None:
    """Return the row of a cell by its number, or None where there is none."""
    if cells is None:
        return None
    row = int(np.searchsorted(cells.ids, number))
    return row if row < len(cells.ids) and cells.ids[row] == number else None


def _number_at(labels: NDArray[Any], y: float, x: float) -> int:
    row, column = round(y), round(x)
    inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
    return int(labels[row, column]) if inside else 0


def point_at(layer: Labels, number: int, *, keep: bool) -> None:
    """Make a cell the selected label of a layer; 0 for none.

    Where a person may paint, the label is not taken away (`keep`), and not changed while painting goes on.
    """
    if str(layer.mode) not in _PAINTING and (number or not keep):
        layer.selected_label = number
