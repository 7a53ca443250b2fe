"""Trials as a table: one row per network, mean and deviation over its runs, the paper's figures beside them."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.class_pictures import draw_confusions, draw_roc
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.pairs import PairedRows
from napari_hemalens.experiments.table_texts import mean_text, printed_texts, shown_text
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.inference import device


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A row of a table.

    Attributes
    ----------
    label : str
        As the paper calls it.
    network : str
        A key of `models.classifiers.CLASSIFIERS`, or of `models.detectors.DETECTORS`.
    loss : str
        'focal' or 'cross_entropy'; of no meaning for detectors.
    paper : mapping of str to float
        Figures that the paper prints, by name of measure; of deviations, that name and ' sd'.
    plain : str or None
        Name of the row that differs from this one in nothing but what is asked of it, such as attention.
    options : mapping of str to object
        Options of `config.networks.ClassifierRecipe` or `NetworkRecipe` in which the row's network differs from that of
        other rows.
    point : float
        Weight of the loss that teaches attention where outlined micronuclei lie; 0: nobody teaches it.
    """

    label: str
    network: str
    loss: str = "focal"
    paper: Mapping[str, float] | None = None
    plain: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    point: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """An experiment with the trials finished so far.

    Attributes
    ----------
    title : str
        What was compared on what, and whether the run was a reduced one.
    notes : tuple of str
        What must be known to read the figures.
    measures : tuple of str
        Figures that are shown.
    rows : mapping of str to Row
        All that were asked for, by name.
    run : mapping
        Options and data, for run.json.
    trials : tuple of Trial
        All that are finished.
    floor : Floor or None
        What its plain row has to reach before rows are compared.
    sections : tuple of str
        What else was found, as Markdown, each with its heading.
    """

    title: str
    notes: tuple[str, ...]
    measures: tuple[str, ...]
    rows: Mapping[str, NetworkRow]
    run: Mapping[str, Any]
    trials: tuple[Trial, ...] = ()
    floor: Floor | None = None
    sections: tuple[str, ...] = ()

    def figures(self, row: str) -> dict[str, list[float]]:
        """Return each measure, and what the runs of a row cost, by run; what is not known of a run is left out."""
        trials = self.trials_of(row)
        overall = [trial.measures.overall for trial in trials]
        found = {name: [figures[name] for figures in overall] for name in self.measures}
        found["seconds to train"] = [t.seconds_to_train for t in trials if t.seconds_to_train is not None]
        found["seconds to test"] = [t.seconds_to_test for t in trials]
        return found

    def trials_of(self, row: str) -> tuple[Trial, ...]:
        """Return the runs of a row."""
        return tuple(trial for trial in self.trials if trial.row == row)

    def text(self) -> str:
        """Return the table for a terminal."""
        wide = max(len(row.label) for row in self.rows.values())
        lines = [self.title, f"{'':<{wide}}" + "".join(f"{m:>19}" for m in self.measures)]
        for name, row in self.rows.items():
            shown = [mean_text(values, 3) for m, values in self.figures(name).items() if m in self.measures]
            lines.append(f"{row.label:<{wide}}" + "".join(f"{value:>19}" for value in shown))
        return "\n".join((*lines, "", *self.judgement(), *self.notes))

    def judgement(self) -> tuple[str, ...]:
        """Return whether the budget is large enough to compare rows; nothing where there is no floor."""
        if self.floor is None:
            return ()
        label = self.rows[self.floor.row].label if self.floor.row in self.rows else self.floor.row
        return (self.floor.judge(label, self._of_floor(self.floor)),)

    @property
    def counts(self) -> bool:
        """Whether its rows may be compared: there is no floor, or its plain row has reached it."""
        return self.floor is None or self.floor.is_cleared(self._of_floor(self.floor))

    def pairs(self) -> dict[str, PairedRows]:
        """Return, of each row with a plain partner on the same cells, how both did; nothing below the floor."""
        if not self.counts:
            return {}
        found = {
            name: PairedRows.of(self.trials_of(name), self.trials_of(row.plain))
            for name, row in self.rows.items()
            if row.plain is not None
        }
        return {name: pair for name, pair in found.items() if pair is not None}

    def _of_floor(self, floor: Floor) -> list[float]:
        return [trial.measures.overall[floor.measure] for trial in self.trials_of(floor.row)]

    def markdown(self) -> str:
        """Return the table, its pairs, the paper's figures, the runs and the notes as Markdown."""
        parts = [f"# {self.title}", *self.judgement(), *self.notes, markdown_table(*self.summary()), *self.paired()]
        if any(row.paper for row in self.rows.values()):
            shown = [m for m in self.measures if any(m in (row.paper or {}) for row in self.rows.values())]
            beside = [[row.label, *printed_texts(row.paper, shown)] for row in self.rows.values()]
            parts += ["The paper's figures, on its own images:", markdown_table(("", *shown), beside)]
        columns, rows = self.lines()
        parts += ["## Runs", markdown_table(columns, [[shown_text(value) for value in row] for row in rows])]
        pictures = ("![ROC curves](roc.png)", "![Confusion matrices](confusion.png)")
        return "\n\n".join((*parts, *pictures, *self.sections))

    def paired(self, heading: str = "##") -> list[str]:
        """Return the table of pairs with its heading, as Markdown; nothing where there are none."""
        lines = [
            [
                self.rows[name].label,
                self.rows[self.rows[name].plain or name].label,
                str(pair.ours),
                str(pair.theirs),
                f"{pair.p:.2g}",
            ]
            for name, pair in self.pairs().items()
        ]
        columns = ("method", "its plain partner", "cells it alone names right", "its partner alone", "p")
        said = (
            "On the same test cells, by the mean of all runs. p: two-sided sign test over cells, each pair by itself "
            "(not adjusted for their number):"
        )
        return [f"{heading} Beside its plain partner", said, markdown_table(columns, lines)] if lines else []

    def lines(self) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return columns and rows of the runs, one row per run."""
        columns = ("method", "run", *self.measures, "seconds to train", "seconds to test", "parameters", "confusion")
        return columns, [
            (
                self.rows[t.row].label,
                t.case,
                *(round(t.measures.overall[m], 4) for m in self.measures),
                t.seconds_to_train,
                t.seconds_to_test,
                t.parameters,
                str(t.measures.confusion.tolist()),
            )
            for t in self.trials
        ]

    def write(self, out: Path) -> None:
        """Write `table.csv`, `trials.csv`, `table.md` and `run.json`."""
        if not self.trials:
            return
        write_csv(out / "table.csv", *self.summary())
        write_csv(out / "trials.csv", *self.lines())
        with writing(out / "table.md") as file:
            file.write_text(self.markdown() + "\n", encoding="utf-8")
        with writing(out / "run.json") as file:
            file.write_text(json.dumps(self._run(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def draw(self, out: Path) -> None:
        """Draw `roc.png` and `confusion.png`, which takes longer than to write the tables."""
        if not self.trials:
            return
        done = [name for name in self.rows if self.trials_of(name)]
        curves = {self.rows[name].label: [trial.ranked for trial in self.trials_of(name)] for name in done}
        draw_roc(curves, out / "roc.png", title=str(self.run["experiment"]))
        sums = {
            self.rows[name].label: np.sum([trial.measures.confusion for trial in self.trials_of(name)], axis=0)
            for name in done
        }
        draw_confusions(sums, self.trials[0].task.classes, out / "confusion.png", title=str(self.run["experiment"]))

    def summary(self) -> tuple[tuple[str, ...], list[list[str]]]:
        """Return columns and rows of texts: one row per network, mean and deviation over its runs."""
        columns = ("method", "runs", *self.measures, "seconds to train", "seconds to test", "parameters", "confusion")
        rows = []
        for name, row in self.rows.items():
            trials, figures = self.trials_of(name), self.figures(name)
            confusion = str(np.sum([t.measures.confusion for t in trials], axis=0).tolist()) if trials else "-"
            parameters = f"{trials[0].parameters:,}" if trials else "-"
            shown = [mean_text(values, 1 if m == "seconds to train" else 3) for m, values in figures.items()]
            rows.append([row.label, str(len(trials)), *shown, parameters, confusion])
        return columns, rows

    def _run(self) -> dict[str, Any]:
        plans = {name: self.trials_of(name)[0].plan["recipe"] for name in self.rows if self.trials_of(name)}
        return {
            **machine(),
            "title": self.title,
            "notes": self.notes,
            **self.run,
            "cells": {trial.case: trial.plan["cells"] for trial in self.trials},
            "recipes": plans,
        }


def machine() -> dict[str, Any]:
    """Return what a run was made with: versions and devices."""
    return {
        "hemalens": __version__,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("torch", "torchvision", "lightning", "numpy")},
        "devices": dict(device.available()),
    }
