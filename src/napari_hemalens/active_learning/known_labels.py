"""Which cells of a pool a project knows already: by their content, or else by the place of their box."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.projects.decisions import Decision
from napari_hemalens.records.taught_cells import TaughtCells
from napari_hemalens.review.overlaps import SAME_CELL, best_overlaps


def known_ids(cells: TaughtCells, said: Mapping[str, Decision]) -> NDArray[np.str_]:
    """Return the name by which a project knows each cell: (N,), an id of `cells` where it does not.

    A cell that another run of a detector boxed a little differently keeps what was said of it, if the boxes overlap by
    half.

    Parameters
    ----------
    cells : TaughtCells
        The pool.
    said : mapping of str to Decision
        All that was ever said, by the id of the cell.
    """
    ids = cells.ids
    present = set(ids.tolist())
    lost = [decision for decision in said.values() if decision.cell not in present]
    free = np.array([id_ not in said for id_ in ids.tolist()], dtype=np.bool_)
    for index, image in enumerate(cells.images):
        here = [decision for decision in lost if decision.image == image.fingerprint]
        rows = np.flatnonzero(free & (cells.image_index == index)) if here else np.zeros(0, dtype=np.int64)
        if not len(rows):
            continue
        boxes = np.array([decision.box for decision in here], dtype=np.float32)
        for decision, nearest, overlap in zip(here, *best_overlaps(boxes, cells.boxes[rows]), strict=True):
            row = rows[nearest]
            if overlap >= SAME_CELL and free[row]:
                ids[row], free[row] = decision.cell, False
    return ids
