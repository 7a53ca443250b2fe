"""The record of cells as a network sees them. Loads no torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.embedding_cache import Thumbnails
from napari_hemalens.records.taught_cells import TaughtCells


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Cells as a network sees them.

    Attributes
    ----------
    cells : TaughtCells
        The N cells.
    vectors : (N, D) float32
        Their embeddings.
    thumbnails : Thumbnails
        Their pictures, on disk.
    weights, sha256 : str
        The network.
    notes : tuple of str
        What was found amiss, a sentence each.
    """

    cells: TaughtCells
    vectors: NDArray[np.float32]
    thumbnails: Thumbnails
    weights: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)
