"""Active iterative augmentation: which labelled cells are copied in the next epoch, and how often.

Jiang et al. 2023, of whose text only the abstract could be had: difficult samples are chosen during training and
augmented with random factors, against class imbalance. How many copies of which cell is fixed here.
"""

import math

import numpy as np
from numpy.typing import NDArray


def count_copies(cells: int, *, hard: float, copies: float) -> int:
    """Return how many copies an epoch of so many labelled cells holds."""
    return round(copies * _count_hard(cells, hard)) if hard else 0


def choose_copies(
    losses: NDArray[np.float32], labels: NDArray[np.int64], *, hard: float, copies: float
) -> NDArray[np.int64]:
    """Return which labelled cells are copied, each as often as it is copied.

    The copies of a hard cell are in proportion to the inverse frequency of its class among the labelled ones. What is
    left by rounding down goes to those that lose most by it.

    Parameters
    ----------
    losses : (n,) float32
        Predicted loss of each labelled cell.
    labels : (n,) int64
        Its class.
    hard : float
        Share of the cells, those of the highest predicted loss, that is copied.
    copies : float
        Mean number of copies of such a cell.

    Returns
    -------
    (m,) int64
        Places among the labelled cells; m is `count_copies`.
    """
    rows = np.argsort(-losses, kind="stable")[: _count_hard(len(labels), hard)]
    inverse = 1 / np.bincount(labels)[labels[rows]]
    wanted = count_copies(len(labels), hard=hard, copies=copies) * inverse / inverse.sum()
    times = np.floor(wanted + 1e-9).astype(np.int64)
    left = round(float(wanted.sum())) - int(times.sum())
    times[np.argsort(times - wanted, kind="stable")[:left]] += 1
    return np.repeat(rows, times)


def _count_hard(cells: int, hard: float) -> int:
    return math.ceil(hard * cells)
