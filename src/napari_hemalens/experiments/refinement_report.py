"""Ways to train box refinement as a table: what each gains over the same boxes not moved."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from napari_hemalens.atomic import writing
from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.report import machine
from napari_hemalens.experiments.table_texts import mean_text
from napari_hemalens.formats.tables import write_csv

MEASURES = ("AP", "AP50", "AP75")
HELD = ("IoU", "IoU >= 0.75", "moved")
_STILL = "still"


@dataclass(frozen=True, slots=True)
class RefinementTrial:
    """The result of one row on one detector.

    Attributes
    ----------
    row : str
        Which.
    seed : int
        Of the detector and of what learned on it.
    overall : mapping of str to float
        AP, AP50 and the others of `metrics.coco_measures`, on the images to test on.
    held : mapping of str to float
        Of boxes on cells of held-out images: `IoU before` and `IoU` after moving, the share `IoU >= 0.75`, and the
        share that `moved`.
    plan : mapping
        Detector, variant and training.
    """

    FILE: ClassVar[str] = "refinement.json"

    row: str
    seed: int
    overall: Mapping[str, float]
    held: Mapping[str, float]
    plan: Mapping[str, Any]

    def write(self, out: Path) -> None:
        """Write the figures to a folder."""
        with writing(out / self.FILE) as file:
            file.write_text(json.dumps(asdict(self), allow_nan=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, out: Path, plan: Mapping[str, Any]) -> Self:
        """Return the figures of a folder.

        Raises
        ------
        TrainingError
            If they are of another plan.
        """
        kept = json.loads((out / cls.FILE).read_text(encoding="utf-8"))
        if kept["plan"] != plan:
            raise TrainingError(f"{out} holds a trial of another recipe; choose another folder for this one.")
        return cls(**kept)


@dataclass(frozen=True, slots=True, eq=False)
class RefinementComparison:
    """A comparison of variants, with the trials finished so far.

    Attributes
    ----------
    title : str
        On what, and whether the run was a reduced one.
    notes : tuple of str
        What must be known to read the figures.
    labels : mapping of str to str
        What rows are called, by name.
    run : mapping
        Options and data, for run.json.
    trials : tuple of RefinementTrial
        All that are finished.
    floor : Floor or None
        What boxes that are not moved have to reach before rows are compared.
    """

    title: str
    notes: tuple[str, ...]
    labels: Mapping[str, str]
    run: Mapping[str, Any]
    trials: tuple[RefinementTrial, ...] = ()
    floor: Floor | None = None

    def trials_of(self, row: str) -> tuple[RefinementTrial, ...]:
        """Return the runs of a row."""
        return tuple(trial for trial in self.trials if trial.row == row)

    def judgement(self) -> tuple[str, ...]:
        """Return whether the budget is large enough to compare rows; nothing where there is no floor."""
        if self.floor is None:
            return ()
        label = self.labels.get(self.floor.row, self.floor.row)
        return (self.floor.judge(label, [t.overall[self.floor.measure] for t in self.trials_of(self.floor.row)]),)

    def gains(self, row: str, measure: str) -> list[float]:
        """Return what moving gained in each run whose unmoved boxes were measured too."""
        still = {trial.seed: trial.overall[measure] for trial in self.trials_of(_STILL)}
        return [t.overall[measure] - still[t.seed] for t in self.trials_of(row) if t.seed in still]

    def summary(self) -> tuple[tuple[str, ...], list[list[str]]]:
        """Return columns and rows of texts: mean and deviation over runs."""
        columns = ("boxes are moved by", "runs", *MEASURES, *(f"gain in {m}" for m in MEASURES), *HELD)
        return columns, [
            [
                label,
                str(len(self.trials_of(name))),
                *(mean_text([t.overall[m] for t in self.trials_of(name)], 3) for m in MEASURES),
                *("-" if name == _STILL else _signed(self.gains(name, m)) for m in MEASURES),
                *(mean_text([t.held[h] for t in self.trials_of(name)], 3) for h in HELD),
            ]
            for name, label in self.labels.items()
        ]

    def text(self) -> str:
        """Return the table for a terminal."""
        columns, rows = self.summary()
        wide = max(len(label) for label in self.labels.values())
        shown = [(0, f"<{wide}"), *((i, ">17") for i in (2, 5, 7, 8))]
        lines = ["".join(format(row[i], form) for i, form in shown) for row in (["", *columns[1:]], *rows)]
        return "\n".join((self.title, *lines, "", *self.judgement(), *self.notes))

    def markdown(self) -> str:
        """Return the table and the notes as Markdown."""
        return "\n\n".join((f"# {self.title}", *self.judgement(), *self.notes, markdown_table(*self.summary())))

    def write(self, out: Path) -> None:
        """Write `table.csv`, `trials.csv`, `table.md` and `run.json`."""
        write_csv(out / "table.csv", *self.summary())
        columns = ("row", "seed", *MEASURES, "IoU before", *HELD)
        lines = [
            (t.row, t.seed, *(t.overall[m] for m in MEASURES), *(t.held[h] for h in ("IoU before", *HELD)))
            for t in self.trials
        ]
        write_csv(out / "trials.csv", columns, lines)
        with writing(out / "table.md") as file:
            file.write_text(self.markdown() + "\n", encoding="utf-8")
        about = {**machine(), "title": self.title, "notes": self.notes, **self.run}
        with writing(out / "run.json") as file:
            file.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _signed(values: list[float]) -> str:
    if not values:
        return "-"
    mean, *rest = mean_text(values, 3).split(" ± ")
    sign = "+" if float(mean) >= 0 else "-"  # that of what is shown: -0.0004 is +0.000
    return " ± ".join((sign + mean.lstrip("-"), *rest))
