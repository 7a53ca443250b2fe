"""Labels of cells: checked before they are classified or explained, drawn from boxes, and nuclei assigned to cells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation import pairing
from napari_hemalens.segmentation.ellipses import ellipses
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.segmentation.labels import check_labels, is_semantic, relabel_pieces
from napari_hemalens.segmentation.measuring import nc_ratios
from napari_hemalens.segmentation.micronuclei import Micronuclei
from napari_hemalens.segmentation.record import Segmentation

__all__ = [
    "Micronuclei",
    "Segmentation",
    "assign_nuclei",
    "check_labels",
    "ellipses",
    "is_semantic",
    "nc_ratios",
    "pair_nuclei",
    "read_labels",
    "relabel_pieces",
    "write_labels",
]


def assign_nuclei(nuclei: CellMap, cells: NDArray[Any]) -> NDArray[np.int64]:
    """Return the cell that each nucleus lies in: (N,), 0 for none.

    Raises
    ------
    AnnotationError
        If `cells` are no labels of the same image.
    """
    height, width = nuclei.labels.shape
    return pairing.in_cells(nuclei, check_labels(cells, (height, width)))


def pair_nuclei(nuclei: CellMap) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the cell of each nucleus (N,), cells being pairs or single nuclei, and these cells as labels (H, W)."""
    cells = pairing.pair_nuclei(nuclei)
    return cells, pairing.as_labels(nuclei, cells)
