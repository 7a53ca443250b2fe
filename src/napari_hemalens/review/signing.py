"""Who corrected which cells: the name of an observer goes to what differs from before."""

from dataclasses import replace

import numpy as np

from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.classes import ReviewedClasses


def sign_boxes(before: ReviewedBoxes, after: ReviewedBoxes, observer: str) -> ReviewedBoxes:
    """Return cells with the name of the observer who made them of others.

    Rows never move, and new ones come last. A cell that is confirmed once more stays that of whoever confirmed it
    first.
    """
    if after is before:
        return after
    old, new = before.cells, after.cells
    number = len(old)
    changed = np.ones(len(new), dtype=bool)
    changed[:number] = (
        (after.touched[:number] != before.touched)
        | (after.removed[:number] != before.removed)
        | (new.class_names[:number] != old.class_names)
        | np.any(new.boxes[:number] != old.boxes, axis=1)
    )
    return replace(after, observers=np.where(changed, observer, after.observers))


def sign_classes(before: ReviewedClasses | None, after: ReviewedClasses, observer: str) -> ReviewedClasses:
    """Return classified cells with the name of the observer who made them of others, as `sign_boxes` does."""
    if after is before:
        return after
    known = {} if before is None else before.corrections
    said = {cell: observer for cell, name in after.corrections.items() if observer and known.get(cell) != name}
    return replace(after, observers={**after.observers, **said})
