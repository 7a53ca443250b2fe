"""How well cells of each laboratory are named: recall by class, blasts, calibration; intervals over blocks of cells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_auroc

from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.inference.naming import look
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE


class _Cells(Protocol):
    """A record of cells that a part of can be taken."""

    def take(self, keep: NDArray[np.int64], /) -> Self:
        """Return the cells selected by an index."""
        ...


T = TypeVar("T", bound=_Cells)

_BATCH = 64
_DRAWS = 500
_BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class NamedTable:
    """Cells whose class is known, and what a classifier says of them.

    Attributes
    ----------
    cells : CellTable
        N cells with their true names.
    task : Task
        The K classes, and what broader names stand for.
    probabilities : (N, K) float32
        In 0-1.
    novelty : (N,) float32
        Distance to the training cells; NaN where it is not measured.
    unlearned : tuple of str
        Classes that the classifier cannot know: cells of theirs are left out of the recalls.
    """

    cells: CellTable
    task: Task
    probabilities: NDArray[np.float32]
    novelty: NDArray[np.float32]
    unlearned: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index."""
        chosen = {name: getattr(self, name)[keep] for name in ("probabilities", "novelty")}
        return replace(self, cells=self.cells.take(keep), **chosen)

    def of(self, laboratory: str) -> Self:
        """Return the cells of one laboratory."""
        return self.take(self.cells.laboratories == laboratory)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells whose likeliest class is one that their name allows."""
        names, of = np.unique(self.cells.class_names, return_inverse=True)
        allowed = np.zeros((len(names), len(self.task.classes)), dtype=np.bool_)
        for row, name in zip(allowed, names.tolist(), strict=True):
            row[list(self.task.admissible(name))] = True
        right: NDArray[np.bool_] = allowed[of, self.probabilities.argmax(axis=1)]
        return right

    def recalls(self) -> Mapping[str, float]:
        """Return the share of each name's cells that are named right.

        Left out are cells that nobody can classify, and classes that the classifier cannot know.
        """
        names, right = self.cells.class_names, self.right
        left_out = {self._reject, *((self.task.classes.index(name),) for name in self.unlearned)}
        asked = [name for name in np.unique(names).tolist() if self.task.admissible(name) not in left_out]
        return {name: float(right[names == name].mean()) for name in asked}

    def balanced_accuracy(self) -> float:
        """Return the mean of the recalls of all names that stand for one class or a few."""
        recalls = [value for name, value in self.recalls().items() if len(self.task.admissible(name)) < self._vague]
        return float(np.mean(recalls)) if recalls else float("nan")

    def blast_auc(self) -> float:
        """Return the area under the ROC curve of the probability of a blast, blasts against all other cells.

        NaN where the task has no blasts.
        """
        if "blast" not in self.task.classes:
            return float("nan")
        return _auc(self.probabilities[:, self.task.classes.index("blast")], self.cells.class_names == "blast")

    def reject_auc(self) -> float:
        """Return the area under the ROC curve of the reject class: cells that nobody can classify, against the rest.

        NaN where the task has no such class.
        """
        if not self._reject:
            return float("nan")
        return _auc(self.probabilities[:, self._reject[0]], self._rejected)

    def novelty_auc(self) -> float:
        """Return the area under the ROC curve of novelty: cells that nobody can classify, against the rest."""
        return _auc(self.novelty, self._rejected)

    def interval(self, measure: Callable[["NamedTable"], float]) -> tuple[float, float]:
        """Return the 95 % interval of a measure; see `block_interval`."""
        return block_interval(self, self.cells.blocks, measure)

    def reliability(self) -> list[tuple[float, float, int]]:
        """Return mean probability, share named right and number of cells, for tenths of the likeliest probability."""
        certainty, right = self.probabilities.max(axis=1), self.right
        tenth = np.minimum((certainty * _BINS).astype(int), _BINS - 1)
        bins = [tenth == k for k in range(_BINS) if (tenth == k).any()]
        return [(float(certainty[b].mean()), float(right[b].mean()), int(b.sum())) for b in bins]

    def calibration_error(self) -> float:
        """Return the expected calibration error, in 0-1 (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""
        return sum(abs(said - right) * cells for said, right, cells in self.reliability()) / max(1, len(self))

    @property
    def _rejected(self) -> NDArray[np.bool_]:
        names = np.unique(self.cells.class_names).tolist()
        rejected: NDArray[np.bool_] = np.isin(
            self.cells.class_names, [name for name in names if self.task.admissible(name) == self._reject]
        )
        return rejected

    @property
    def _reject(self) -> tuple[int, ...]:
        return (self.task.classes.index(UNCLASSIFIABLE),) if UNCLASSIFIABLE in self.task.classes else ()

    @property
    def _vague(self) -> int:
        return max(2, len(self.task.classes) // 2)


def block_interval(
    cells: T, blocks: NDArray[np.str_], measure: Callable[[T], float], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of a measure by a bootstrap in which whole blocks of cells are drawn with replacement.

    Parameters
    ----------
    cells : record with `take`
        N cells.
    blocks : (N,) str
        Cells of one block may be of one slide, and are drawn together.
    measure : function of such a record
        NaN where it is not defined.
    seed : int
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    names, of = np.unique(blocks, return_inverse=True)
    rows = [np.flatnonzero(of == k) for k in range(len(names))]
    values = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])
        values.append(measure(cells.take(drawn)))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def name_table_steps(classifier: NetworkClassifier, cells: CellTable, task: Task) -> Steps[NamedTable]:
    """Name the cells of a table; yields after every batch.

    Parameters
    ----------
    classifier : NetworkClassifier
        Of the task.
    cells : CellTable
        Cells with their true names.
    task : Task
        Its classes are those of the classifier.
    """
    probabilities = np.empty((len(cells), len(task.classes)), dtype=np.float32)
    novelty = np.empty(len(cells), dtype=np.float32)
    order = np.argsort(cells.images.astype(str), kind="stable")  # an image is opened once
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        probabilities[rows], novelty[rows] = look(classifier, cut_boxes(cells.take(rows), classifier.card.crop))
        yield Progress(start + len(rows), len(cells), "naming")
    return NamedTable(cells, task, probabilities, novelty, classifier.card.unlearned)


def _auc(scores: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; NaN where all or none are positive, or a score is missing."""
    if not 0 < positive.sum() < len(positive) or np.isnan(scores).any():
        return float("nan")
    within = scores / max(1, scores.max())  # torchmetrics takes values beyond 1 for logits, whose sigmoid loses ranks
    return float(binary_auroc(torch.from_numpy(within), torch.from_numpy(positive).int()))
