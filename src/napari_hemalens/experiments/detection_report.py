"""Trials of detectors as a table: one row per network, with the paper's figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.detection_trial import DetectionTrial
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.report import NetworkRow, machine
from napari_hemalens.experiments.table_texts import mean_text, printed_texts, shown_text
from napari_hemalens.formats.tables import write_csv

MEASURES = ("AP", "AP50", "AP75", "APS", "APM", "APL", "AR")
_COSTS = ("seconds to train", "seconds to test")
_WITHOUT = {"unmoved": "boxes not moved", "unregressed": "no second regression", "bare": "neither"}
"""By the field of a trial: what was switched off in the same weights."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectionComparison:
    """A comparison of detectors with the trials finished so far.

    Attributes
    ----------
    title : str
        What was compared on what, and whether the run was a reduced one.
    notes : tuple of str
        What must be known to read the figures.
    rows : mapping of str to Row
        All that were asked for, by name.
    run : mapping
        Options and data, for run.json.
    trials : tuple of DetectionTrial
        All that are finished.
    floor : Floor or None
        What its plain row has to reach before rows are compared.
    """

    title: str
    notes: tuple[str, ...]
    rows: Mapping[str, NetworkRow]
    run: Mapping[str, Any]
    trials: tuple[DetectionTrial, ...] = ()
    floor: Floor | None = None

    def trials_of(self, row: str) -> tuple[DetectionTrial, ...]:
        """Return the runs of a row."""
        return tuple(trial for trial in self.trials if trial.row == row)

    def judgement(self) -> tuple[str, ...]:
        """Return whether the budget is large enough to compare rows; nothing where there is no floor."""
        if self.floor is None:
            return ()
        label = self.rows[self.floor.row].label if self.floor.row in self.rows else self.floor.row
        return (self.floor.judge(label, [t.overall[self.floor.measure] for t in self.trials_of(self.floor.row)]),)

    def summary(self) -> tuple[tuple[str, ...], list[list[str]]]:
        """Return columns and rows of texts: mean and deviation over runs; what moves boxes has further rows without."""
        columns = ("method", "runs", *MEASURES, *_COSTS, "parameters", "GFLOPs")
        rows = []
        for name, row in self.rows.items():
            trials = self.trials_of(name)
            seconds = [t.seconds_to_train for t in trials if t.seconds_to_train is not None]
            costs = [mean_text(seconds, 0), mean_text([t.seconds_to_test for t in trials], 0)]
            sizes = [f"{trials[0].parameters:,}", f"{trials[0].gflops:.2f}"] if trials else ["-", "-"]
            shown = [_mean([t.overall for t in trials], measure) for measure in MEASURES]
            rows.append([row.label, str(len(trials)), *shown, *costs, *sizes])
            for part, without in _WITHOUT.items():
                found = [getattr(t, part) for t in trials if getattr(t, part) is not None]
                if found:
                    shown = [_mean(found, measure) for measure in MEASURES]
                    rows.append([f"{row.label}, {without}", str(len(found)), *shown, "-", "-", "-", "-"])
        return columns, rows

    def lines(self) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return columns and rows of the runs, one row per run."""
        columns = ("method", "run", *MEASURES, *_COSTS, "gain in AP of moving boxes")
        return columns, [
            (
                self.rows[t.row].label,
                t.case,
                *(t.overall.get(measure) for measure in MEASURES),
                t.seconds_to_train,
                t.seconds_to_test,
                None if t.unmoved is None else round(t.overall["AP"] - t.unmoved["AP"], 4),
            )
            for t in self.trials
        ]

    def text(self) -> str:
        """Return the table for a terminal."""
        _, rows = self.summary()
        wide = max(len(row[0]) for row in rows)
        lines = [self.title, f"{'':<{wide}}" + "".join(f"{m:>16}" for m in MEASURES)]
        lines += [f"{row[0]:<{wide}}" + "".join(f"{v:>16}" for v in row[2 : 2 + len(MEASURES)]) for row in rows]
        return "\n".join((*lines, "", *self.judgement(), *self.notes))

    def markdown(self) -> str:
        """Return the table, the paper's figures, the runs and the notes as Markdown."""
        printed = MEASURES[:6]
        beside = [[row.label, *printed_texts(row.paper, printed)] for row in self.rows.values()]
        columns, rows = self.lines()
        return "\n\n".join(
            (
                f"# {self.title}",
                *self.judgement(),
                *self.notes,
                markdown_table(*self.summary()),
                "The paper's figures, on its own images:",
                markdown_table(("", *printed), beside),
                "## Runs",
                markdown_table(columns, [[shown_text(value) for value in row] for row in rows]),
                "![Loss and AP while training](curves.png)",
            )
        )

    def write(self, out: Path) -> None:
        """Write `table.csv`, `trials.csv`, `table.md`, `curves.png` and `run.json`."""
        if not self.trials:
            return
        write_csv(out / "table.csv", *self.summary())
        write_csv(out / "trials.csv", *self.lines())
        with writing(out / "table.md") as file:
            file.write_text(self.markdown() + "\n", encoding="utf-8")
        draw_curves(self, out / "curves.png")
        with writing(out / "run.json") as file:
            file.write_text(json.dumps(self._run(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _run(self) -> dict[str, Any]:
        return {
            **machine(),
            "title": self.title,
            "notes": self.notes,
            **self.run,
            "images": self.trials[0].plan["images"],
            "recipes": {name: self.trials_of(name)[0].plan["recipe"] for name in self.rows if self.trials_of(name)},
        }


def draw_curves(comparison: DetectionComparison, path: Path) -> None:
    """Draw loss and AP by the step, one colour per row and one line per run (Figure 7 of Wang et al. 2021)."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for colour, (name, row) in enumerate(comparison.rows.items()):
        for k, trial in enumerate(comparison.trials_of(name)):
            look = {"color": f"C{colour}", "linewidth": 1, "label": row.label if k == 0 else None}
            left.plot(*zip(*trial.losses, strict=True), **look)
            if trial.curve:
                right.plot(*zip(*trial.curve, strict=True), marker="o", markersize=3, **look)
    left.set(xlabel="step", ylabel="loss", yscale="log")
    right.set(xlabel="step", ylabel="AP on the images watched")
    left.legend(frameon=False)
    with writing(path) as file:
        figure.savefig(file, dpi=110)


def _mean(figures: list[Mapping[str, float]], measure: str) -> str:
    return mean_text([float(f[measure]) for f in figures if measure in f and np.isfinite(f[measure])], 3)
