"""The order in which cells are shown: diverse ones, then those that are hard to tell apart, rare classes among them.

Random cells between them are the test: which ones they are follows from the project's seed and each cell's content
alone, so that no strategy, no order and no restart changes it.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.acquisition import Pool, order

ONE_IN = 6
"""One in so many cells is drawn at random."""

BEGINNING = 20
"""Labels up to which cells are chosen by diversity alone."""

ENOUGH = 5
"""Labels of a class below which more of it are looked for."""

_MOST_TESTED = 200  # random cells held back at once: their predictions are hidden
_FIRST_TEST = 3  # cells before the first random one
_RARE = 3  # one in so many choices looks for the rarest class
_PATIENCE = 10  # labels a class after which a class that stays rare is no longer looked for by diversity


def random_cells(ids: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Return the rows of the cells held back for the test, in the order in which they are shown.

    A sixth of the cells, at most 200; none of fewer than twelve.
    """
    if len(ids) < 2 * ONE_IN:
        return np.zeros(0, dtype=np.int64)
    drawn = [hashlib.blake2b(f"{seed}:{id_}".encode(), digest_size=8).digest() for id_ in ids.tolist()]
    rows = sorted(range(len(drawn)), key=drawn.__getitem__)[: min(len(ids) // ONE_IN, _MOST_TESTED)]
    return np.array(rows, dtype=np.int64)


def is_random_turn(shown: int, tested: int) -> bool:
    """Return whether the next cell is a random one, after so many cells of which so many were."""
    return ONE_IN * tested + _FIRST_TEST <= shown


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """What is known when cells are chosen.

    Attributes
    ----------
    placed : (N, E) float32
        All cells, of `linear.place`.
    probabilities : (N, K) float32 or None
        Of each class; None: no model yet.
    labels : (N,) int64
        Index of the class of each cell that is trained on, -1 for the others.
    said : (N,) bool
        Cells that a person has said something of, be it 'not sure'.
    candidates : (N,) bool
        Cells that may be shown.
    """

    placed: NDArray[np.float32]
    probabilities: NDArray[np.float32] | None
    labels: NDArray[np.int64]
    said: NDArray[np.bool_]
    candidates: NDArray[np.bool_]


def choose(now: Situation, first: int, strategy: str = "margin-diversity") -> NDArray[np.int64]:
    """Return the rows of at most `first` cells to show next.

    Cells as far as possible from all others until there are 20 labels, and until every class that was seen has five;
    then those of the strategy. Every third is looked for among the cells that may be of the rarest class.
    """
    if strategy == "random":  # the yardstick: by chance from the first cell on
        return _ordered(now, now.candidates, strategy, first)
    strategy = "diversity" if now.probabilities is None or _is_beginning(now.labels) else strategy
    chosen = _ordered(now, now.candidates, strategy, first)
    if now.probabilities is None:
        return chosen
    rare = _may_be_rarest(now) & now.candidates
    wanted = _ordered(now, rare, "margin-diversity", 1 + first // _RARE)
    return _mixed(chosen, wanted)[:first]


def _is_beginning(labels: NDArray[np.int64]) -> bool:
    counts = np.bincount(labels[labels >= 0])
    seen = counts[counts > 0]
    if len(seen) < 2 or seen.sum() < BEGINNING:
        return True
    return bool(seen.min() < ENOUGH and seen.sum() < _PATIENCE * len(seen))


def _may_be_rarest(now: Situation) -> NDArray[np.bool_]:
    """Return the cells of whose two likeliest classes one is the class with the fewest labels: (N,)."""
    probabilities = now.probabilities
    if probabilities is None or probabilities.shape[1] < 2:
        return np.zeros(len(now.placed), dtype=np.bool_)
    counts = np.bincount(now.labels[now.labels >= 0], minlength=probabilities.shape[1])
    rarest = int(np.where(counts > 0, counts, np.iinfo(np.int64).max).argmin())
    two = np.argpartition(probabilities, -2, axis=1)[:, -2:]
    found: NDArray[np.bool_] = (two == rarest).any(axis=1) & (probabilities[:, rarest] > 0)
    return found


def _ordered(now: Situation, which: NDArray[np.bool_], strategy: str, first: int) -> NDArray[np.int64]:
    """Return rows of some cells by a strategy; the others neither are chosen, nor count as known unless said."""
    rows = np.flatnonzero(which | now.said)
    if not which.any():
        return np.zeros(0, dtype=np.int64)
    probabilities = np.ones((len(now.placed), 2), np.float32) if now.probabilities is None else now.probabilities
    pool = Pool(now.placed[rows], probabilities[rows], now.said[rows])
    return rows[order(strategy, pool, first)]


def _mixed(rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows, with one of the others at every third place; each once."""
    mixed: list[int] = []
    waiting = others.tolist()
    for k, row in enumerate(rows.tolist()):
        if k % (_RARE - 1) == 0 and waiting:
            mixed.append(waiting.pop(0))
        mixed.append(row)
    return np.array(list(dict.fromkeys([*mixed, *waiting])), dtype=np.int64)
