"""Whole fields beside the single cells cut from them: one comparison per view, and what they say together."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.pairs import PairedRows
from napari_hemalens.experiments.report import Comparison
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.progress import counted

STAINS = {"as_is": "stain as it is", "reference": "stain normalised"}
GRADIENTS = "gradients.png"
SIGNIFICANT = 0.05
_NOT_ANSWERED = "not answered, the plain baseline is below the floor."
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
        parts = [f"# {self.title}", *self.answers(), *self.notes, *self._paired()]
        for view, comparison in self.views.items():
            parts += [f"## {capitalise(view_name(view))}", *comparison.judgement()]
            parts += [markdown_table(*comparison.summary()), *comparison.paired("###")]
            parts.append(f"![Confusion matrices, {view_name(view)}]({view_folder(view)}/confusion.png)")
            if view[1] == "fields":
                parts.append(f"![Gradients of the networks, {view_name(view)}]({view_folder(view)}/{GRADIENTS})")
        return "\n\n".join(parts)

    def write(self, out: Path) -> None:
        """Write `table.csv`, `table.md` and the folders of fields by their cells: trials write the other views."""
        for view, comparison in self.views.items():
            if view[1] == "by_cells":
                comparison.write(out / view_folder(view))
                comparison.draw(out / view_folder(view))
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
        """Return, for each stain, whether fields do better than their cells: by the plain row, and in figures."""
        found = []
        for stain, words in STAINS.items():
            runs, pairs = self._runs(stain), self.pairs(stain)
            if not runs or not pairs:
                continue
            fields, cells = (np.array(side) for side in zip(*runs, strict=True))
            better, worse = int((fields > cells).sum()), int((fields < cells).sum())
            whole = self.views[stain, "fields"]
            learned = all(self.views[stain, unit].counts for unit in ("fields", "by_cells"))
            plain = whole.floor.row if whole.floor and whole.floor.row in pairs else next(iter(pairs))
            verdict = _verdict(whole.rows[plain].label, pairs[plain]) if learned else _NOT_ANSWERED
            found.append(
                f"**{capitalise(words)}: {verdict}** Mean balanced accuracy of "
                f"{counted(len(runs), 'run')}: {fields.mean():.3f} where the network saw the whole field, "
                f"{cells.mean():.3f} where the field was named by the mean over its single cells (of the same fields); "
                f"the field was better in {better} of them, worse in {worse}. The best: "
                f"{self._best(stain, 'fields')} on fields, {self._best(stain, 'by_cells')} on cells."
            )
        return tuple(found)

    def pairs(self, stain: str) -> Mapping[str, PairedRows]:
        """Return the fields that the network on fields alone, or on cells alone, names right, by row, under a stain."""
        fields, cells = (self.views.get((stain, unit)) for unit in ("fields", "by_cells"))
        if fields is None or cells is None:
            return {}
        found = {name: PairedRows.of(fields.trials_of(name), cells.trials_of(name)) for name in fields.rows}
        return {name: pair for name, pair in found.items() if pair is not None}

    def _paired(self) -> list[str]:
        """Return the tables of `pairs` with their headings, as Markdown."""
        found = []
        for stain, words in STAINS.items():
            pairs = self.pairs(stain)
            if not pairs:
                continue
            rows = self.views[stain, "fields"].rows
            lines = [[rows[name].label, str(p.ours), str(p.theirs), f"{p.p:.2g}"] for name, p in pairs.items()]
            columns = ("method", "fields that it alone names right", "its cells alone", "p")
            said = (
                "The same fields, seen whole or named by the mean over their cells, by the mean of all runs. p: "
                "two-sided sign test over fields, each row by itself:"
            )
            found += [f"## Whole fields beside their cells, {words}", said, markdown_table(columns, lines)]
        return found

    def _runs(self, stain: str) -> list[tuple[float, float]]:
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


def _verdict(label: str, pair: PairedRows) -> str:
    """Return what a sign test over the fields allows to be said of a row, and its p."""
    if pair.p >= SIGNIFICANT:
        winner = "neither side does better beyond chance"
    else:
        winner = "whole fields do better" if pair.ours > pair.theirs else "whole fields do no better: single cells do"
    return (
        f"{winner} ({label}: {pair.ours} fields are named right when seen whole alone, {pair.theirs} by their cells "
        f"alone; sign test, p = {pair.p:.2g})."
    )
