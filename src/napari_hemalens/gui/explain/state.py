"""The cells of one layer, or a whole field, explained: what is known of them by each method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from numpy.typing import NDArray

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.gui.axes import guess_in_words
from napari_hemalens.gui.cell_layers import place_now
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.explain.tiles import Tiles
from napari_hemalens.gui.frames import Framed
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.explained import Explained
from napari_hemalens.records.notes import merged_notes
from napari_hemalens.workflows.heatmap_methods import Method
from napari_hemalens.workflows.images import Region

MANY = 2000
"""Cells of an image, above which only those in view are explained; and of those, no more than that at once."""

HUGE = 4096 * 4096
"""Pixels of an image, above which it is the same."""


@dataclass(eq=False, slots=True)
class MethodResult:
    """What one method found.

    Attributes
    ----------
    method : Method
        How.
    heatmap : HeatmapPyramid
        Of the image.
    tiles : Tiles
        Of its cells.
    origin : mapping
        Where it comes from, as plain values: what the layer that shows it says of itself.
    """

    method: Method
    heatmap: HeatmapPyramid
    tiles: Tiles = field(default_factory=Tiles)
    origin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class ExplanationState:
    """One question asked of the cells of one layer.

    Attributes
    ----------
    image : Image
        Their pixels.
    source : Layer or None
        The layer that the cells come from; None: the image is a field, and explained as one.
    plane, frame : tuple of int
        Which plane of the cells, and which of the image.
    recipe : ExplanationRecipe
        The question, whatever the method.
    methods : tuple of Method
        How it is answered in this run.
    cells : CellMap or None
        None until a run has measured them.
    found : dict of str to MethodResult
        By method, in the order of their first run.
    chosen : int or None
        Number of the cell that a person looks at.
    outdated : set of str
        Those that this run finds anew; until then, what an earlier one found is shown.
    layer : Image or None
        Where the heatmap of one method is shown; None until there is some.
    drawn : HeatmapPyramid or None
        What that layer shows.
    hottest : float
        The value that was last given its last colour.
    """

    image: Image
    source: Layer | None
    plane: tuple[int, ...]
    frame: tuple[int, ...]
    recipe: ExplanationRecipe
    methods: tuple[Method, ...]
    cells: CellMap | None = None
    found: dict[str, MethodResult] = field(default_factory=dict)
    chosen: int | None = None
    outdated: set[str] = field(default_factory=set)
    layer: Image | None = None
    drawn: HeatmapPyramid | None = None
    hottest: float = 1.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What it shares with the same question asked again; where and by what it is computed is no part of it."""
        return self.plane, self.frame, self.recipe.model_copy(update={"device": "auto", "runtime": "auto"})

    @property
    def place(self) -> Mapping[str, Any]:
        """What puts a layer over its image and its cells as they lie now: a person may move them during a run."""
        return place_now(self.image, self.source)

    @property
    def framed(self) -> Framed:
        """Its layer, and the frame that it is of."""
        return Framed(() if self.layer is None else (self.layer,), self.image, self.frame, self.source, self.plane)

    @property
    def only_in_view(self) -> bool:
        """Whether the image has so many cells, or pixels, that only those in view are explained."""
        return self.source is not None and self.cells is not None and too_large(self.cells)

    @property
    def every_method(self) -> dict[str, Method]:
        """The methods of this run and of those that it is compared with, by name."""
        return {method.name: method for method in self.methods} | {
            name: found.method for name, found in self.found.items()
        }

    @property
    def shown(self) -> dict[str, MethodResult]:
        """What has explained cells, by method."""
        return {name: found for name, found in self.found.items() if len(found.tiles)}

    @property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against what is shown."""
        guessed = guess_in_words(self.image) if self.shown else ""
        return merged_notes(*(found.tiles.notes for found in self.shown.values()), (guessed,) if guessed else ())

    def result_by(self, method: str) -> MethodResult | None:
        """Return what a method found, or where it has found nothing, the first one that has."""
        return self.shown.get(method) or next(iter(self.shown.values()), None)

    @property
    def classified(self) -> Classified | None:
        """The cells that any method has explained so far."""
        most = max(self.shown.values(), key=lambda found: len(found.tiles), default=None)
        return None if most is None else most.tiles.cells(most.tiles.ids)

    def lacking(self, region: Region) -> dict[str, NDArray[np.int64]]:
        """Return by method the numbers of the cells in a region that it has not explained; none where all are."""
        if self.cells is None:
            return {}
        ids = in_region(self.cells, region).tolist()
        lacking = {}
        for name in self.every_method:
            known = self.found[name].tiles if name in self.found else ()
            missing = np.array([number for number in ids if number not in known], dtype=np.int64)
            if len(missing):
                lacking[name] = missing
        return lacking

    def explained_by_methods(self, numbers: NDArray[np.int64]) -> tuple[list[Explained], list[str]]:
        """Return some cells as each method explains them, and what the methods are called."""
        results, titles = [], []
        for found in self.shown.values():
            known = np.array([number for number in numbers.tolist() if number in found.tiles], dtype=np.int64)
            if len(known):
                results.append(found.tiles.take(known))
                titles.append(found.method.title)
        return results, titles

    def at(self, y: float, x: float) -> int | None:
        """Return the explained cell at a place in pixels: the one that it is in, else the nearest whose crop it is in.

        A micronucleus lies beside the nucleus that it is explained with.
        """
        if self.cells is None or not self.shown:
            return None
        height, width = self.cells.labels.shape
        row, column = round(y), round(x)
        if not (0 <= row < height and 0 <= column < width):
            return None
        tiles = max((found.tiles for found in self.shown.values()), key=len)
        own = int(self.cells.labels[row, column])
        return own if own in tiles else tiles.nearest(y, x)


def too_large(cells: CellMap) -> bool:
    """Return whether only those cells are explained that are in view."""
    return len(cells) > MANY or cells.labels.size > HUGE


def in_region(cells: CellMap, region: Region) -> NDArray[np.int64]:
    """Return the numbers of the cells that a region touches; of too many, those nearest to its middle."""
    y0, x0, y1, x1 = region
    boxes = cells.boxes
    rows = np.flatnonzero((boxes[:, 0] < y1) & (boxes[:, 2] > y0) & (boxes[:, 1] < x1) & (boxes[:, 3] > x0))
    away = np.hypot(*(cells.centres[rows] - ((y0 + y1) / 2, (x0 + x1) / 2)).T)
    return cells.ids[rows[np.argsort(away, kind="stable")[:MANY]]]
