"""Two rows of a table on the same cells: which of them is right where the other is wrong."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from napari_hemalens.experiments.trial import Trial


@dataclass(frozen=True, slots=True)
class PairedRows:
    """The test cells that one of two rows alone names right.

    Attributes
    ----------
    ours, theirs : int
        Number of cells that only the row, or only its plain partner, names right.
    """

    ours: int
    theirs: int

    @classmethod
    def of(cls, ours: Sequence[Trial], theirs: Sequence[Trial]) -> Self | None:
        """Compare the runs of two rows; None where they share no test cells.

        A cell that several runs of a row were tested on counts once, by the mean of their probabilities: runs are no
        further cells.
        """
        left, right = _mean_by_cells(ours), _mean_by_cells(theirs)
        shared = [cells for cells in left if cells in right]
        if not shared:
            return None
        won = [_right(cells, left[cells]) & ~_right(cells, right[cells]) for cells in shared]
        lost = [_right(cells, right[cells]) & ~_right(cells, left[cells]) for cells in shared]
        return cls(sum(int(w.sum()) for w in won), sum(int(w.sum()) for w in lost))

    @property
    def p(self) -> float:
        """Two-sided p of the sign test, which is McNemar's exact test; 1 where no cell tells the rows apart."""
        told = self.ours + self.theirs
        return float(binomtest(self.ours, told).pvalue) if told else 1.0


def _mean_by_cells(trials: Sequence[Trial]) -> dict[bytes, NDArray[np.float64]]:
    """Return the mean probabilities of the runs on the same test cells, by the classes of those."""
    found: dict[bytes, list[NDArray[np.float32]]] = defaultdict(list)
    for trial in trials:
        found[trial.truth.astype(np.int64).tobytes()].append(trial.probabilities)
    return {cells: np.mean(runs, axis=0, dtype=np.float64) for cells, runs in found.items()}


def _right(cells: bytes, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = probabilities.argmax(axis=1) == np.frombuffer(cells, dtype=np.int64)
    return right
