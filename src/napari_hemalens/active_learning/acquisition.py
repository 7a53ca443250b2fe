"""Which cells to name next: orders of a pool, by what a network makes of its cells.

Entropy and margin: Settles 2009, https://minds.wisconsin.edu/handle/1793/60660, section 3.1. Predicted loss: Yoo and
Kweon 2019, https://arxiv.org/abs/1905.03677. Diversity: k-centre greedy, Sener and Savarese 2018,
https://arxiv.org/abs/1708.00489, algorithm 1. Loads no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from napari_hemalens.errors import RecipeError

_BLOCK = 128  # named cells whose distances to all others are held at once


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Cells, what a network makes of them, and which of them have a name already.

    Attributes
    ----------
    embeddings : (N, D) float32
        What is seen of each cell, such as `NetworkClassifier` gives.
    probabilities : (N, K) float32
        Of each class, in 0-1.
    labelled : (N,) bool or (M,) int64
        Which cells have names: a mask, or their rows.
    predicted_losses : (N,) float32, optional
        The loss that a LossNet expects of each cell; only the strategy `loss` asks for it.
    seed : int
        Of the strategy `random`.

    Raises
    ------
    RecipeError
        If the parts are not of the same cells, or embeddings, probabilities or losses are no numbers.
    """

    embeddings: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    labelled: NDArray[np.bool_] | NDArray[np.int64]
    predicted_losses: NDArray[np.float32] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        cells = len(self.embeddings)
        parts = {"probabilities": self.probabilities, "predicted losses": self.predicted_losses}
        for name, values in parts.items():
            if values is not None and len(values) != cells:
                raise RecipeError(f"The pool has embeddings of {cells} cells, but {name} of {len(values)}.")
        for name, values in {"embeddings": self.embeddings, **parts}.items():
            if values is not None and not np.isfinite(values).all():
                raise RecipeError(f"The {name} of the pool are not all finite numbers.")
        rows = np.asarray(self.labelled)
        if rows.dtype == bool and rows.shape != (cells,):
            raise RecipeError(f"The mask of named cells has the shape {rows.shape}; the pool has {cells} cells.")
        if rows.dtype != bool and len(rows) and not (rows.min() >= 0 and rows.max() < cells):
            raise RecipeError(f"Named cells are rows 0 to {cells - 1} of the pool; got {rows.min()} to {rows.max()}.")

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which cells have names, as a mask: (N,)."""
        mask = np.zeros(len(self.embeddings), dtype=bool)
        rows = np.asarray(self.labelled)
        mask[rows if rows.dtype == bool else rows.astype(np.int64)] = True
        return mask

    @property
    def unlabelled(self) -> NDArray[np.int64]:
        """Rows of the cells without names, ascending."""
        return np.flatnonzero(~self.is_labelled).astype(np.int64)


class Strategy(Protocol):
    """A way to choose."""

    def __call__(self, pool: Pool, first: int, /) -> NDArray[np.int64]:
        """Return the rows of at most `first` cells without names, those to name next first.

        A smaller `first` gives the beginning of the same order. Of equals, the lower row comes first.
        """


def order(name: str, pool: Pool, first: int | None = None) -> NDArray[np.int64]:
    """Return the rows of the cells of a pool that have no names, those to name next first.

    Parameters
    ----------
    name : str
        A key of STRATEGIES.
    pool : Pool
        The cells.
    first : int, optional
        How many are wanted; None: all. An order with diversity takes as many passes over the pool.

    Raises
    ------
    RecipeError
        If there is no such strategy, or it needs what the pool does not hold.
    """
    if name not in STRATEGIES:
        raise RecipeError(f"No strategy {name!r}. Known: {', '.join(STRATEGIES)}.")
    most = len(pool.unlabelled)
    return STRATEGIES[name](pool, most if first is None else min(max(first, 0), most))


def entropies(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the entropy (N,) of probabilities (N, K), in nats: 0 where one class is certain, log K where all are even.

    H = -sum_k p_k log p_k.
    """
    found: NDArray[np.float64] = entr(probabilities.astype(np.float64)).sum(axis=1)
    return found


def margins(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return by how much the first class leads the second, in 0-1: (N,) of probabilities (N, K)."""
    if probabilities.shape[1] < 2:
        raise RecipeError(f"A margin is between two classes; got probabilities of {probabilities.shape[1]}.")
    top = np.partition(probabilities.astype(np.float64), -2, axis=1)
    return top[:, -1] - top[:, -2]


def _random(pool: Pool, first: int) -> NDArray[np.int64]:
    return np.random.default_rng(pool.seed).permutation(pool.unlabelled)[:first]


def _by_entropy(pool: Pool, first: int) -> NDArray[np.int64]:
    return _highest(entropies(pool.probabilities), pool, first)


def _by_margin(pool: Pool, first: int) -> NDArray[np.int64]:
    return _highest(-margins(pool.probabilities), pool, first)


def _by_loss(pool: Pool, first: int) -> NDArray[np.int64]:
    if pool.predicted_losses is None:
        raise RecipeError("The strategy 'loss' needs predicted losses, which only a network with a LossNet gives.")
    return _highest(pool.predicted_losses, pool, first)


def _highest(values: NDArray[Any], pool: Pool, first: int) -> NDArray[np.int64]:
    rows = pool.unlabelled
    return rows[np.argsort(-values[rows], kind="stable")][:first]


def _by_diversity(pool: Pool, first: int) -> NDArray[np.int64]:
    return _k_centre(pool, first, np.ones(len(pool.embeddings)))


def _by_margin_and_diversity(pool: Pool, first: int) -> NDArray[np.int64]:
    """Take the cell whose distance to all that are named or taken, times its uncertainty, is largest; again and again.

    Uncertainty is 1 - margin. No weight between the two is to be chosen, since a product has none, and near-duplicates
    of a cell that is taken fall back however unsure they are.
    """
    return _k_centre(pool, first, 1 - margins(pool.probabilities))


def _k_centre(pool: Pool, first: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the cells that greedy k-centre takes one after another, distances multiplied by weights (N,).

    Where no cell is named, it begins with the cell of the largest weight; of equals, with that nearest the mean.
    """
    labelled = pool.is_labelled
    # About their mean, squares lose least to rounding.
    placed = pool.embeddings - pool.embeddings.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = np.einsum("nd,nd->n", placed, placed)  # (N,)
    nearest = _nearest(placed, squares, np.flatnonzero(labelled))
    taken = np.full(first, -1, dtype=np.int64)
    for turn in range(first):
        score = weights * np.sqrt(nearest) if np.isfinite(nearest).all() else _to_begin_with(weights, squares)
        row = int(np.where(labelled, -1.0, score).argmax())  # the lowest of equals
        taken[turn], labelled[row] = row, True
        np.minimum(nearest, _squared_distances(placed, squares, np.array([row]))[:, 0], out=nearest)
    return taken


def _to_begin_with(weights: NDArray[np.float64], squares: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return scores (N,) whose highest is the cell of the largest weight, nearest the mean among equals."""
    return np.where(weights == weights.max(), 1 / (1 + squares.astype(np.float64)), 0.0)


def _nearest(placed: NDArray[np.float32], squares: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the squared distance (N,) of each cell to the nearest of some; infinite where there are none."""
    nearest = np.full(len(placed), np.inf, dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        distances = _squared_distances(placed, squares, rows[start : start + _BLOCK])
        np.minimum(nearest, distances.min(axis=1), out=nearest)
    return nearest


def _squared_distances(
    placed: NDArray[np.float32], squares: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return squared distances (N, n) of all cells to those of some rows (n,)."""
    found: NDArray[np.float32] = placed @ placed[rows].T
    found *= -2  # in place: of 20,000 cells, each copy is megabytes
    found += squares[:, None]
    found += squares[rows]
    return found.clip(0, None, out=found)


STRATEGIES: Mapping[str, Strategy] = {
    "random": _random,
    "entropy": _by_entropy,
    "margin": _by_margin,
    "loss": _by_loss,
    "diversity": _by_diversity,
    "margin-diversity": _by_margin_and_diversity,
}
"""All strategies by name."""
