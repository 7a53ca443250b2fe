"""The score at which a known count comes out."""

from collections.abc import Sequence

import numpy as np

from napari_hemalens.errors import RecipeError
from napari_hemalens.progress import counted
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.review.boxes import ReviewedBoxes


def score_for_count(fields: Sequence[ReviewedBoxes], count: int) -> float:
    """Return the score that leaves `count` nucleated cells over all fields, with as few digits as will do.

    Cells that a person touched count at any score, those that a person deleted at none.

    Raises
    ------
    RecipeError
        If no score gives that count.
    """
    asked = counted(count, "nucleated cell")
    parts = [_candidates(cells) for cells in fields]
    always = sum(fixed for fixed, _ in parts)
    scores = np.sort(np.concatenate([np.zeros(0), *(scores for _, scores in parts)]))[::-1]
    wanted = count - always
    if wanted < 0:
        raise RecipeError(f"{asked} cannot be reached: {always} were drawn or corrected by hand.")
    if wanted > len(scores):
        raise RecipeError(f"{asked} cannot be reached: the run found {always + len(scores)} at the lowest score.")
    below = scores[wanted] if wanted < len(scores) else 0.0
    above = scores[wanted - 1] if wanted else 1.0
    if not below < above:
        raise RecipeError(f"{asked} cannot be reached: several have the same score, {above:.3g}.")
    return _shortest_between(float(below), float(above))


def _candidates(cells: ReviewedBoxes) -> tuple[int, np.ndarray]:
    """Return how many nucleated cells count at any score, and the scores of the others."""
    nucleated = np.array([cell_class(name).nucleated for name in cells.cells.names])[cells.cells.classes]
    open_ = nucleated & ~cells.removed & ~cells.touched
    return int(np.count_nonzero(nucleated & ~cells.removed & cells.touched)), cells.cells.scores[open_]


def _shortest_between(below: float, above: float) -> float:
    """Return the number in (below, above] with the fewest decimals, near the middle."""
    middle = (below + above) / 2
    for digits in range(2, 9):
        short = round(middle, digits)
        if below < short <= above:
            return short
    return above
