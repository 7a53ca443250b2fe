"""Heatmaps of what a classifier's decisions rest on: one record per image."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance

PREDICTED = "predicted"
"""In place of a class name: explain the predicted class of each cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """The heatmap of one image, and of each of its cells.

    Attributes
    ----------
    heatmap : (H, W) float32
        In 0-1, in level-0 pixels of the image; overlapping cells are merged by maximum, 0 where no cell was explained.
        An array, or for huge images a zarr array in memory.
    cells : Classified
        The cells that were explained.
    method : str
        Name of the method.
    target : str
        Name of the class that was explained, or 'predicted': the class of each cell.
    targets : (N,) int64
        The explained class of each cell, as an index into `cells.names`.
    crops : (N, side, side, 3) uint8
        The crop of each cell that the network saw, without masks.
    crop_heatmaps : (N, side, side) float32
        The heatmap of each crop, in 0-1.
    windows : (N, 4) float64
        The edges of each crop as y0, x0, y1, x1 in level-0 pixels; a crop may reach beyond the image.
    """

    heatmap: Any
    cells: Classified
    method: str
    target: str
    targets: NDArray[np.int64]
    crops: NDArray[np.uint8]
    crop_heatmaps: NDArray[np.float32]
    windows: NDArray[np.float64]

    @classmethod
    def of_image(cls, heatmap: Any, cells: Classified, method: str, target: str) -> Self:
        """Return the heatmap (H, W) of an image alone, without those of its cells, which may be too many to keep."""
        return cls(
            heatmap=heatmap,
            cells=cells,
            method=method,
            target=target,
            targets=np.zeros(0, dtype=np.int64),
            crops=np.zeros((0, 0, 0, 3), dtype=np.uint8),
            crop_heatmaps=np.zeros((0, 0, 0), dtype=np.float32),
            windows=np.zeros((0, 4)),
        )

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, rows: NDArray[np.int64], cells: Classified) -> Self:
        """Return a subset of the cells, whose record is `cells`; the heatmap of the image stays."""
        return replace(
            self,
            cells=cells,
            targets=self.targets[rows],
            crops=self.crops[rows],
            crop_heatmaps=self.crop_heatmaps[rows],
            windows=self.windows[rows],
        )

    @property
    def provenance(self) -> Provenance:
        """Where the result comes from."""
        return self.cells.provenance

    @property
    def target_names(self) -> NDArray[np.str_]:
        """The explained class of each cell by name: (N,)."""
        return np.array(self.cells.names, dtype=np.str_)[self.targets]
