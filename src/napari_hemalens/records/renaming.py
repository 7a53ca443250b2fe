"""Detected cells under the classes that a classifier gives them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Tissue
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import CELL_CLASSES, cell_class


def with_names(found: Detections, naming: Naming) -> Detections:
    """Return cells under their likeliest classes; those that the classifier was not asked about keep theirs."""
    kept = [name for name in found.names if not is_asked_about(name, naming.names)]
    names = tuple(c.name for c in CELL_CLASSES if c.name in {*naming.names, *kept})
    names += tuple(name for name in (*naming.names, *kept) if name not in names)
    to_names = np.array([names.index(name) if name in names else 0 for name in found.names], dtype=np.int64)
    named = replace(found, classes=to_names[found.classes], names=names, recognised=names, naming=naming)
    return replace(named, classes=likeliest_classes(named, np.ones(len(found), dtype=np.bool_)))


def is_asked_about(name: str, known: Sequence[str]) -> bool:
    """Return whether a classifier that knows some classes is asked about cells that the detector calls so.

    Not about red cells and platelets, and not about kinds that the detector tells apart and the classifier does not
    know.
    """
    of = cell_class(name)
    return of.nucleated and (of.name in known or of not in CELL_CLASSES)


def likeliest_classes(cells: Detections, free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the class of each cell (N,), the likeliest where it is `free` (N,) and the classifier was asked."""
    classes = cells.classes.copy()
    if cells.naming is None:
        return classes
    index = np.array([cells.names.index(name) for name in cells.naming.names], dtype=np.int64)
    of = free & cells.naming.asked
    classes[of] = index[cells.naming.posterior[of].argmax(axis=1)]
    return classes


def with_tissue(cells: Detections, tissue: Tissue | None, free: NDArray[np.bool_]) -> Detections:
    """Return cells as they are named in another tissue; those not `free` (N,), such as corrected ones, keep theirs.

    None: nothing shifts the odds.
    """
    if cells.naming is None or cells.naming.tissue == tissue:
        return cells
    shifted = replace(cells, naming=replace(cells.naming, tissue=tissue))
    return replace(shifted, classes=likeliest_classes(shifted, free))
