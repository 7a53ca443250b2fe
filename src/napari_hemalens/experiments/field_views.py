"""Whole fields beside the single cells cut from them: one comparison per view, and what they say together."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.report import Comparison
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.formats.named_cells import NamedCells

STAINS = {"as_is": "stain as it is", "reference": "stain normalised"}
GRADIENTS = "gradients.png"
SIGNIFICANT = 0.05
UNITS = {"fields": "whole fields", "by_cells": "fields by their cells", "cells": "single cells"}

View = tuple[str, str]
"""A key of STAINS and one of UNITS."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldViews:
    """The experiment with the trials finished so far.

    Attributes
    ----------
    title : str
        What was compared on what, and whether the run was a reduced one.
    notes : tuple of str
        What must be known to read the figures.
    views : mapping of (str, str) to Comparison
        By stain and unit, those that were started; rows and measures are the same in all.
    """

    title: str
    notes: tuple[str, ...]
    views: Mapping[View, Comparison]

    def text(self) -> str:
        """Return the tables for a terminal."""
        parts = [self.title]
        for view, comparison in self.views.items():
            parts.append(replace(comparison, title=view_name(view), notes=()).text())
        return "\n\n".join((*parts, *self.answers(), *self.notes))

    def markdown(self) -> str:
        """Return the answers, one table per view with a picture of its confusions, and the notes as Markdown."""
        parts = [f"# {self.title}", *self.answers(), *self.notes]
        for view, comparison in self.views.items():
            parts += [f"## {capitalise(view_name(view))}", *comparison.judgement()]
            parts += [markdown_table(*comparison.summary()), *comparison.paired("###")]
            parts.append(f"![Confusion matrices, {view_name(view)}]({view_folder(view)}/confusion.png)")
            if view[1] == "fields":
                parts.append(f"![Gradients of the networks, {view_name(view)}]({view_folder(view)}/{GRADIENTS})")
        return "\n\n".join(parts)

    def write(self, out: Path) -> None:
        """Write `table.csv` and `table.md`, and a folder for each view as `Comparison.write` does."""
        for view, comparison in self.views.items():
            comparison.write(out / view_folder(view))
        with writing(out / "table.md") as file:
            file.write_text(self.markdown() + "\n", encoding="utf-8")
        with writing(out / "table.csv") as file, file.open("w", newline="", encoding="utf-8") as lines:
            table = csv.writer(lines, lineterminator="\n")
            for number, ((stain, unit), comparison) in enumerate(self.views.items()):
                columns, rows = comparison.summary()
                if not number:
                    table.writerow(("stain", "of", *columns))
                table.writerows((STAINS[stain], UNITS[unit], *row) for row in rows)

    def answers(self) -> tuple[str, ...]:
        """Return, for each stain, whether fields do better than their cells, in figures."""
        found = []
        for stain, words in STAINS.items():
            pairs = self._pairs(stain)
            if not pairs:
                continue
            fields, cells = (np.array(side) for side in zip(*pairs, strict=True))
            better, worse = int((fields > cells).sum()), int((fields < cells).sum())
            learned = all(self.views[stain, unit].counts for unit in ("fields", "by_cells"))
            verdict = _verdict(better, worse) if learned else "not answered, the plain baseline is below the floor."
            found.append(
                f"**{capitalise(words)}: {verdict}** Mean balanced accuracy of "
                f"{len(pairs)} runs: {fields.mean():.3f} where the network saw the whole field, {cells.mean():.3f} "
                f"where the field was named by the mean over its single cells (of the same fields); the field was "
                f"better in {better} of them, worse in {worse}. The best: {self._best(stain, 'fields')} on fields, "
                f"{self._best(stain, 'by_cells')} on cells."
            )
        return tuple(found)

    def _pairs(self, stain: str) -> list[tuple[float, float]]:
        """Return the balanced accuracy on fields and by cells of each run that both have."""
        fields, cells = (_by_run(self.views.get((stain, unit))) for unit in ("fields", "by_cells"))
        return [(fields[run], cells[run]) for run in fields if run in cells]

    def _best(self, stain: str, unit: str) -> str:
        view = self.views[stain, unit]
        means = {
            row.label: float(np.mean(view.figures(name)["balanced accuracy"]))
            for name, row in view.rows.items()
            if view.trials_of(name)
        }
        best = max(means, key=lambda label: means[label])
        return f"{best} ({means[best]:.3f})"


def view_name(view: View) -> str:
    """Return what a view is called."""
    stain, unit = view
    return f"{UNITS[unit]}, {STAINS[stain]}"


def capitalise(words: str) -> str:
    """Return words as a heading has them: the first letter large, all else as it is."""
    return words[:1].upper() + words[1:]


def view_folder(view: View) -> str:
    """Return the folder of a view."""
    stain, unit = view
    return f"{unit}-{stain}"


def average_by_field(trial: Trial, cells: Sequence[NamedCells]) -> Trial:
    """Return a trial on single cells as one on the fields that they are of: a field has its cells' mean probability.

    Parameters
    ----------
    trial : Trial
        On `cells`, in their order.
    cells : sequence of NamedCells
        A field each, all its cells of one class.
    """
    sizes = [len(field.ids) for field in cells]
    starts = np.cumsum([0, *sizes[:-1]])
    means: NDArray[np.float32] = np.add.reduceat(trial.probabilities, starts, axis=0) / np.array(sizes)[:, None]
    return replace(trial, probabilities=means.astype(np.float32), truth=trial.truth[starts])


def _by_run(view: Comparison | None) -> dict[tuple[str, str], float]:
    trials = view.trials if view else ()
    return {(trial.row, trial.case): trial.measures.overall["balanced accuracy"] for trial in trials}


def _verdict(better: int, worse: int) -> str:
    """Return what a sign test over the runs allows to be said, and its p; runs without a difference tell nothing."""
    if not better + worse:
        return "no run tells the two apart."
    p = binomtest(better, better + worse).pvalue
    if p >= SIGNIFICANT:
        return f"neither side does better beyond chance (sign test, p = {p:.2f})."
    winner = "whole fields do better" if better > worse else "whole fields do no better: single cells do"
    return f"{winner} (sign test, p = {p:.2g})."
