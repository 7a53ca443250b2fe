"""What teaching brings, by strategy and number of labels: a table, a curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.formats.tables import write_csv

TRAINED = "train-properly"
"""What the trained network is called in the table of figures."""


@dataclass(frozen=True, slots=True)
class TeachingTable:
    """Balanced accuracy by strategy, seed and number of labels.

    Attributes
    ----------
    title : str
        Heading.
    labels : tuple of int
        Numbers of labels.
    trials : mapping of str to list of list of float
        Of each strategy, of each seed, the balanced accuracy at each number of labels.
    trained : list of float
        Of each seed, the balanced accuracy of the network itself, trained from all labels of the first strategy.
    """

    title: str
    labels: tuple[int, ...]
    trials: Mapping[str, Sequence[Sequence[float]]]
    trained: Sequence[float] = ()

    def text(self) -> str:
        """Return the table as Markdown: mean and standard deviation over seeds."""
        rows = [[name, *map(_shown, np.array(of).T)] for name, of in self.trials.items()]
        parts = [f"# {self.title}", _NOTES, markdown_table(["strategy", *map(str, self.labels)], rows)]
        if self.trained:
            parts.append(
                f"*Train properly*, the network itself taught from the {self.labels[-1]} labels of "
                f"`{next(iter(self.trials))}`: {_shown(np.array(self.trained))}."
            )
        return "\n\n".join(parts)

    def write(self, out: Path) -> None:
        """Write `teaching.md`, `teaching.csv` and `teaching.png`."""
        with writing(out / "teaching.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        lines = [
            (name, seed, labels, round(value, 4))
            for name, of in self.trials.items()
            for seed, values in enumerate(of)
            for labels, value in zip(self.labels, values, strict=True)
        ]
        lines += [(TRAINED, seed, self.labels[-1], round(value, 4)) for seed, value in enumerate(self.trained)]
        write_csv(out / "teaching.csv", ("strategy", "trial", "labels", "balanced_accuracy"), lines)
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name, of in self.trials.items():
            axes.errorbar(self.labels, np.mean(of, axis=0), np.std(of, axis=0), label=name, capsize=2)
        axes.set(xlabel="labels", ylabel="balanced accuracy", xscale="log")
        axes.set_xticks(self.labels, map(str, self.labels))
        axes.legend(frameon=False)
        with writing(out / "teaching.png") as file:
            figure.savefig(file, dpi=120)


_NOTES = (
    "Balanced accuracy on cells of another part after so many labels: mean ± standard deviation over seeds, each with "
    "a pool of its own. One label in six is a random cell, which nothing is trained on. Every strategy but `random` "
    "begins with diverse cells and looks for the rarest class with every third."
)


def _shown(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=min(1, len(values) - 1)):.3f}"
