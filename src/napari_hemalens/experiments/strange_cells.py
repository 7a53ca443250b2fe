"""Cells of laboratories that were left out: how often they are unsure, and the distance that makes it rare enough.

Novelty is kept with weights in units of the distance that 5 % of held-out cells exceed. Those are of laboratories that
were trained on; cells of another lie farther, however like they look. By how much is measured where it can be: on
laboratories left out (`ClassifierTraining.novelty_scale`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.laboratories import name_table_steps
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.progress import Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.cells_by_box import within

MOST = 500
"""Cells of a set that are looked at, drawn at random."""


@dataclass(frozen=True, slots=True, eq=False)
class StrangeCells:
    """N cells of laboratories that a classifier was trained without.

    Attributes
    ----------
    distances : (N,) float32
        To its training cells; 1 is what 5 % of the held-out cells of laboratories trained on exceed.
    right : (N,) bool
        Whether they are named right.
    known : (N,) bool
        Whether it knows their class at all.
    """

    distances: NDArray[np.float32]
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.distances)

    def write(self, file: Path) -> None:
        """Write a CSV file, a row for each cell."""
        columns = (self.distances.tolist(), self.right.astype(int).tolist(), self.known.astype(int).tolist())
        write_csv(file, ("distance", "right", "known"), zip(*columns, strict=True))

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what `write` wrote."""
        kept = np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
        return cls(kept[:, 0].astype(np.float32), kept[:, 1] == 1, kept[:, 2] == 1)

    def shares(self, scale: float) -> tuple[float, float, float]:
        """Return how many are unsure beyond a distance: of those named right, named wrong, and of unknown classes.

        In 0-1; NaN where there are none.
        """
        unsure = self.distances >= scale
        groups = (self.right, self.known & ~self.right, ~self.known)
        return tuple(float(unsure[of].mean()) if of.any() else float("nan") for of in groups)  # type: ignore[return-value]


def look_at_steps(
    classifier: NetworkClassifier, cells: CellTable, task: Task, without: Sequence[str]
) -> Steps[StrangeCells]:
    """Look at cells of the laboratories that a classifier was trained `without`, at most `MOST` of them."""
    rows = np.flatnonzero(np.isin(cells.laboratories, without) & (cells.parts != "val"))
    drawn = np.random.default_rng(0).permutation(rows)[:MOST]
    named = yield from name_table_steps(classifier, cells.take(drawn), task)
    names = np.unique(named.cells.class_names).tolist()
    learned = {task.classes.index(name) for name in task.classes if name not in named.unlearned}
    known = [name for name in names if learned.intersection(task.admissible(name))]
    return StrangeCells(
        named.novelty * np.float32(classifier.card.novelty_scale), named.right, np.isin(named.cells.class_names, known)
    )


def scale_for(sets: Sequence[StrangeCells]) -> float:
    """Return the distance that 95 % of the cells named right lie within, each set alike; NaN if none is."""
    distances = np.concatenate([of.distances[of.right] for of in sets])
    if not len(distances):
        return float("nan")
    return within(distances, np.repeat(np.arange(len(sets)).astype(str), [int(of.right.sum()) for of in sets]))


def strange_text(sets: Mapping[str, StrangeCells]) -> str:
    """Return as Markdown how often cells of left-out sets are unsure, as calibrated on others, and by strangers.

    The scale by which a set is judged is chosen by the other sets.
    """
    lines = []
    for name, cells in sets.items():
        scale = scale_for([of for other, of in sets.items() if other != name])
        shares = [*cells.shares(1), *cells.shares(scale)]
        right = f"{cells.right[cells.known].mean():.2f}"
        lines.append([name, str(len(cells)), right, *map(_shown, shares[:3]), f"{scale:.2f}", *map(_shown, shares[3:])])
    groups = ("right", "wrong", "unknown class")
    unsure, scaled = ([f"{when}: {of}" for of in groups] for when in ("unsure", "scaled"))
    columns = ["left out", "cells", "named right", *unsure, "scale", *scaled]
    return "\n\n".join(
        [
            "## unsure",
            _NOTES,
            markdown_table(columns, lines),
            f"By all sets together, the scale is {scale_for(list(sets.values())):.2f}.",
        ]
    )


_NOTES = (
    f"Up to {MOST} cells of each set, drawn at random, looked at by the weights that never saw it. A cell is unsure "
    "beyond a distance in the embedding: first that which 5 % of held-out cells exceed, of laboratories trained on; "
    "then the same times a scale (`novelty_scale`), at which 5 % of the cells that are named right exceed it in the "
    "*other* left-out sets. Shares of cells named right, named wrong, and of an unknown class, which only the set left "
    "out has; *named right* is of the classes that are known."
)


def _shown(share: float) -> str:
    return "-" if np.isnan(share) else f"{share:.2f}"
