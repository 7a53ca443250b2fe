"""Tables and curves of the comparison of ways to choose what to label."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.labelling_pools import STRANGE, VAL, DrawnCells
from napari_hemalens.experiments.labelling_trial import MEASURES, LabelledRound, LabellingTrial
from napari_hemalens.experiments.report import machine
from napari_hemalens.experiments.table_texts import mean_text
from napari_hemalens.formats.tables import write_csv

ATTENTION = ("plain", "cbam", "eca", "srm")
"""Rows of the table of attention modules; all learn from the same cells, drawn by chance."""

PAPER = {"plain": {0.28: 0.8721, 0.37: 0.8440, 0.52: 0.9249}, "all": {0.28: 0.9235, 0.37: 0.9364, 0.52: 0.9486}}
"""Accuracy that the paper's abstract states, or that follows from it, by row and share."""

_ATTENDED = tuple(PAPER["plain"])
_FULL, _PLAIN = "plain-100", "plain"
_CURVE = "balanced accuracy"
_WANTED = ("accuracy", "balanced accuracy")


@dataclass(frozen=True, slots=True, eq=False)
class LabellingComparison:
    """The trials that are finished.

    Attributes
    ----------
    title : str
        What was compared on what, and whether the run was a reduced one.
    drawn : DrawnCells
        The cells.
    labels : mapping of str to str
        Of each row that was asked for, by name, what the tables call it.
    run : mapping
        Options and data, for run.json.
    trials : tuple of LabellingTrial
        All that are finished.
    """

    title: str
    drawn: DrawnCells
    labels: Mapping[str, str]
    run: Mapping[str, Any]
    trials: tuple[LabellingTrial, ...] = ()

    def shares(self, rows: Sequence[str]) -> list[float]:
        """Return the shares at which some rows were tested, ascending."""
        return sorted({done.share for row in rows for trial in self.trials_of(row) for done in trial.rounds})

    def trials_of(self, row: str) -> tuple[LabellingTrial, ...]:
        """Return the runs of a row."""
        return tuple(trial for trial in self.trials if trial.row == row)

    def values(self, row: str, share: float, measure: str, test: str = VAL) -> list[float]:
        """Return a measure of a row at a share of labels, one value for each run that has it."""
        rounds = [done for trial in self.trials_of(row) for done in trial.rounds if done.share == share]
        return [done.figures[test][measure] for done in rounds if measure in done.figures.get(test, {})]

    def text(self) -> str:
        """Return the tables as Markdown."""
        parts = [f"# {self.title}", self._floor(), *self._notes()]
        rows = [row for row in self.labels if self.trials_of(row)]
        parts += ["## Ways to choose", "![Curves](curves.png)"]
        parts += [f"### {measure}\n\n{self._table(rows, measure)}" for measure in self._measures(rows)]
        if STRANGE in self.drawn.tests:
            parts.append(f"## {_CURVE}, {STRANGE}\n\n{self._table(rows, _CURVE, STRANGE)}")
        if set(ATTENTION) & set(rows) - {_PLAIN}:
            attended = [row for row in ATTENTION if row in rows]
            parts.append("## Attention modules, labels by chance")
            parts += [f"### {m}\n\n{self._table(attended, m, shares=_ATTENDED)}" for m in _WANTED]
        parts += [f"## Labels needed\n\n{self._needed(rows)}", f"## The paper, accuracy\n\n{self._paper()}"]
        return "\n\n".join(parts)

    def write(self, out: Path) -> None:
        """Write `active-learning.md`, `rounds.csv`, `curves.png` and `run.json`."""
        with writing(out / "active-learning.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        columns = ("row", "run", "share", "labels", *self.drawn.classes, "test", *MEASURES, "seconds")
        write_csv(out / "rounds.csv", columns, self._lines())
        draw_curves(self, out / "curves.png")
        sizes = {"pool": len(self.drawn.pool), **{name: len(cells) for name, cells in self.drawn.tests.items()}}
        kept = {**machine(), "title": self.title, **self.run, "cells": sizes, "digest": self.drawn.digest()}
        with writing(out / "run.json") as file:
            file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _floor(self) -> str:
        """Return whether the budget is large enough for the tables to say anything."""
        least = self.drawn.plan.floor
        if least is None:
            return "No floor is set for this pool."
        return Floor(_FULL, _CURVE, least).judge("ResNet18 on all labels", self.values(_FULL, 1.0, _CURVE))

    def _notes(self) -> list[str]:
        drawn = self.drawn
        counts = np.bincount(drawn.labels(drawn.pool), minlength=len(drawn.classes)).tolist()
        of_class = ", ".join(f"{name} {count:,}" for name, count in zip(drawn.classes, counts, strict=True))
        tests = ", ".join(f"{name} {len(cells):,}" for name, cells in drawn.tests.items())
        return [
            f"Pool: {len(drawn.pool):,} cells ({of_class}). Test cells: {tests}. Nothing was chosen on them.",
            "All rows of a seed begin with the same cells, and every round takes as many steps, whatever its number "
            "of labels. Mean and standard deviation over the runs of a row.",
        ]

    def _measures(self, rows: Sequence[str]) -> list[str]:
        shares = self.shares(rows)
        return [m for m in MEASURES if any(self.values(row, share, m) for row in rows for share in shares)]

    def _table(self, rows: Sequence[str], measure: str, test: str = VAL, shares: Sequence[float] = ()) -> str:
        columns = shares or self.shares(rows)
        lines = [
            [
                self.labels[row],
                str(len(self.trials_of(row))),
                *(_shown(self.values(row, s, measure, test)) for s in columns),
            ]
            for row in rows
        ]
        return markdown_table(("", "runs", *(f"{share:.0%}" for share in columns)), lines)

    def _needed(self, rows: Sequence[str]) -> str:
        """Return how many labels each row needs for what chance reaches in its last round."""
        if not self.trials_of(_PLAIN):
            return "The row plain was not run."
        last = self.shares([_PLAIN])[-1]
        lines = [
            [self.labels[row], *(self._needed_for(row, measure, last) for measure in _WANTED)]
            for row in rows
            if len(self.shares([row])) > 1
        ]
        head = f"Labels for what ResNet18 reaches by chance with {last:.0%} of the pool, on the line between the means:"
        wanted = (f"{m} {np.mean(self.values(_PLAIN, last, m)):.3f}" for m in _WANTED)
        return f"{head}\n\n{markdown_table(('', *wanted), lines)}"

    def _needed_for(self, row: str, measure: str, last: float) -> str:
        shares = self.shares([row])
        curve = [float(np.mean(self.values(row, share, measure))) for share in shares]
        found = labels_needed(shares, curve, float(np.mean(self.values(_PLAIN, last, measure))))
        if found is None:
            return "not reached"
        at_most = "at most " if found == shares[0] else ""
        return f"{at_most}{round(found * len(self.drawn.pool)):,} ({found:.0%})"

    def _paper(self) -> str:
        shares = list(PAPER[_PLAIN])
        lines = [
            [
                name,
                *(f"{PAPER[row][share]:.4f}" for share in shares),
                *(_shown(self.values(row, s, "accuracy")) for s in shares),
            ]
            for row, name in ((_PLAIN, "ResNet18"), ("all", "the whole system"))
        ]
        columns = ("", *(f"paper, {share:.0%}" for share in shares), *(f"here, {share:.0%}" for share in shares))
        said = "On 14,514 images of Raabin-WBC, as its abstract states; of how many runs, it does not say:"
        return f"{said}\n\n{markdown_table(columns, lines)}"

    def _lines(self) -> Iterator[list[Any]]:
        for trial in self.trials:
            for done in trial.rounds:
                for test, figures in done.figures.items():
                    shown = [round(figures[m], 4) if m in figures else "" for m in MEASURES]
                    yield [trial.row, trial.case, *_counts(done), test, *shown, done.seconds]


def _counts(done: LabelledRound) -> list[float]:
    return [done.share, done.labels, *done.by_class.values()]


def _shown(values: Sequence[float]) -> str:
    return mean_text(values, 3)


def labels_needed(shares: Sequence[float], curve: Sequence[float], wanted: float) -> float | None:
    """Return the least share of labels at which a curve reaches a figure, on straight lines between its points.

    The first share if it is reached there already; None if it is nowhere.
    """
    for number, value in enumerate(curve):
        if value >= wanted:
            if not number:
                return shares[0]
            before, rise = curve[number - 1], value - curve[number - 1]
            return shares[number - 1] + (shares[number] - shares[number - 1]) * (wanted - before) / rise
    return None


def draw_curves(comparison: LabellingComparison, path: Path) -> None:
    """Draw the balanced accuracy of each row against its labels: the mean, and a band of one standard deviation."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    cells = len(comparison.drawn.pool)
    for number, (row, label) in enumerate(comparison.labels.items()):
        shares = comparison.shares([row])
        values = [comparison.values(row, share, _CURVE) for share in shares]
        mean, x = np.array([np.mean(of) for of in values]), np.array(shares) * cells
        spread = np.array([np.std(of, ddof=1) if len(of) > 1 else 0.0 for of in values])
        if len(shares) == 1:
            axes.axhline(mean[0], color=f"C{number % 10}", linestyle=":", linewidth=1, label=label)
        elif shares:
            style = "-" if number < 10 else "--"  # matplotlib has ten colours
            axes.plot(x, mean, style, marker=".", color=f"C{number % 10}", linewidth=1.2, label=label)
            axes.fill_between(x, mean - spread, mean + spread, color=f"C{number % 10}", alpha=0.12, linewidth=0)
    axes.set(xlabel="labels", ylabel=_CURVE)
    if comparison.trials:
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    with writing(path) as file:
        figure.savefig(file, dpi=120)
