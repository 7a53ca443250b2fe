"""Heatmaps of crops, laid into the image and gathered into one record: the end of the line from crops to a result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.heatmaps.crop_heatmaps import CropHeatmaps
from napari_hemalens.heatmaps.placing import blank_heatmap, place
from napari_hemalens.inference.classifier import record_classes
from napari_hemalens.models.cards import ModelCard
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained


@dataclass(frozen=True, slots=True, eq=False)
class ChosenCells:
    """The cells of an image, and which of them are explained.

    Attributes
    ----------
    cells : CellMap
        All of them: what a crop is depends on all.
    only : (M,) int, or None
        Numbers of those that are explained; None: all.
    """

    cells: CellMap
    only: Sequence[int] | NDArray[np.int64] | None = None

    def rows(self) -> NDArray[np.int64]:
        """Return the rows of the chosen cells, ascending.

        Raises
        ------
        AnnotationError
            If there is no cell of a number that was chosen.
        """
        if self.only is None:
            return np.arange(len(self.cells))
        unknown = np.setdiff1d(self.only, self.cells.ids)
        if len(unknown):
            count = len(self.cells)
            raise AnnotationError(f"No cell {unknown[0]} in the labels, whose {count:,} cells have other numbers.")
        return np.flatnonzero(np.isin(self.cells.ids, self.only))


@dataclass(frozen=True, slots=True, eq=False)
class CropWindows:
    """Where crops lie in an image, and how large they are.

    Attributes
    ----------
    edges : (N, 4) float64
        y0, x0, y1, x1 in level-0 pixels; a crop may reach beyond the image.
    side : int
        Of a crop, in pixels of its own.
    """

    edges: NDArray[np.float64]
    side: int


class HeatmapAssembly:
    """Takes the heatmaps of crops, batch after batch, and gives the record of the image.

    Parameters
    ----------
    cells : CellMap
        Those that are explained.
    card : ModelCard
        Of the network.
    recipe : ExplanationRecipe
        Names the method and the target.
    provenance : Provenance
        Of the result.
    windows : CropWindows
        Of the crops of the cells, in the same order.
    """

    def __init__(
        self,
        cells: CellMap,
        card: ModelCard,
        *,
        recipe: ExplanationRecipe,
        provenance: Provenance,
        windows: CropWindows,
    ) -> None:
        self._cells, self._card, self._provenance = cells, card, provenance
        self._probabilities = np.full((len(cells), len(card.classes)), np.nan, dtype=np.float32)
        side = windows.side
        self._result = Explained(
            heatmap=blank_heatmap(cells.labels.shape),
            cells=self._named(),
            method=str(recipe.method),
            target=recipe.target,
            targets=np.zeros(len(cells), dtype=np.int64),
            crops=np.zeros((len(cells), side, side, 3), dtype=np.uint8),
            crop_heatmaps=np.zeros((len(cells), side, side), dtype=np.float32),
            windows=windows.edges,
        )

    def add(self, rows: NDArray[np.int64], found: CropHeatmaps, crops: NDArray[np.uint8]) -> Explained:
        """Take a batch, and return its cells alone, on the heatmap of the image so far.

        Parameters
        ----------
        rows : (n,) int64
            Which of the cells.
        found : CropHeatmaps
            Of their crops.
        crops : (n, side, side, 3) uint8
            What the network saw.
        """
        result = self._result
        self._probabilities[rows] = found.probabilities.cpu().numpy()
        result.targets[rows] = found.targets.cpu().numpy()
        result.crop_heatmaps[rows] = found.heatmaps.cpu().numpy()
        result.crops[rows] = crops
        place(result.heatmap, found.heatmaps, result.windows[rows])
        batch = record_classes(self._cells.take(rows), self._probabilities[rows], self._card, self._provenance)
        return result.take(rows, batch)

    def finish(self) -> Explained:
        """Return the record of all cells."""
        return replace(self._result, cells=self._named())

    def _named(self) -> Classified:
        return record_classes(self._cells, self._probabilities, self._card, self._provenance)
