"""Cells of strange laboratories: one classifier trained on all of them, and one without each.

A laboratory stains, photographs and names cells in its own way, and figures on held-out cells of a laboratory that was
trained on say little about the next one. Recipes are chosen by this table.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens.atomic import writing
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.class_pictures import draw_reliability
from napari_hemalens.evaluation.laboratories import NamedTable, name_table_steps
from napari_hemalens.evaluation.laboratory_report import measures_of, shown
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, select_rows
from napari_hemalens.experiments.strange_cells import StrangeCells, look_at_steps, strange_text
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.models.weights import NewWeights, classifier_card
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import task
from napari_hemalens.training import cells_by_box
from napari_hemalens.training.public_cells import CELLAVISION, JIANGXI, MUNICH, PBC, TALEQANI

SETS: Mapping[str, tuple[str, ...]] = {
    "PBC": (PBC,),
    "segmentation_WBC": (JIANGXI, CELLAVISION),
    "Taleqani": (TALEQANI,),
    "Munich": (MUNICH,),
}
"""The laboratories of each set, which is left out as a whole: whoever published it named its cells."""

ROWS: Mapping[str, tuple[str, ...]] = {"none": (), **SETS}
"""What each row is trained without."""

_TASK = task("nucleated")
_WEIGHTS = "nucleated-cells"
_RESULT = "measures.json"
_STRANGE = "strange.csv"
_SHOWN = ("balanced accuracy", "blast AUC")

BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(CLASSIFICATION["nucleated"]),
    "laptop": Budget(
        CLASSIFICATION["nucleated"].model_copy(update={"epochs": 3, "workers": 0}),
        reduced="reduced: 3 epochs in place of those of the recipe `nucleated`",
    ),
    "ci": Budget(
        CLASSIFICATION["nucleated"].model_copy(update={"epochs": 0.05, "batch": 8, "workers": 0, "most": 40}),
        reduced="NO RESULT, a test of the machinery: a twentieth of an epoch of 40 cells of a kind",
    ),
}


@dataclass(frozen=True, slots=True)
class LaboratoriesTable:
    """What was measured: by row (trained without), by column (tested on), by measure.

    Attributes
    ----------
    title : str
        Heading, with how the budget differs from the recipe's.
    rows : mapping
        Of each row, of each set: `cells`, and of each measure its value and the ends of its 95 % interval.
    strange : mapping of str to StrangeCells
        Of the rows trained without a set, how far its cells lie from those trained on.
    """

    title: str
    rows: Mapping[str, Mapping[str, Mapping[str, Any]]]
    strange: Mapping[str, StrangeCells] = field(default_factory=dict)

    def text(self) -> str:
        """Return the tables as Markdown."""
        unsure = [strange_text(self.strange)] if len(self.strange) > 1 else []  # a set is judged by the others
        return "\n\n".join(
            [f"# {self.title}", _NOTES, *(self._table(measure) for measure in _SHOWN), *self._recalls(), *unsure]
        )

    def _table(self, measure: str) -> str:
        lines = [
            [row, *(shown(of.get(name, {}).get(measure), bold=name == row) for name in SETS)]
            for row, of in self.rows.items()
        ]
        return f"## {measure}\n\n" + markdown_table(["trained without", *SETS], lines)

    def _recalls(self) -> list[str]:
        """Return what is named right of the sets left out, by class; nothing where no row leaves one out."""
        left_out = {row: of[row]["recalls"] for row, of in self.rows.items() if "recalls" in of.get(row, {})}
        lines = [f"- {row}: {', '.join(f'{c} {r:.2f}' for c, r in of.items())}" for row, of in left_out.items()]
        return ["Named right of what was left out, by class:\n\n" + "\n".join(lines)] if lines else []

    def write(self, out: Path) -> None:
        """Write `laboratories.md`."""
        with writing(out / "laboratories.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")


_NOTES = (
    "Rows: what was left out of the training. Columns: the set tested on. Where a row was trained on a set, the figure "
    "is of blocks of its cells that were held out; where not (**bold**), of all its cells but those of its part val. "
    "Balanced accuracy: mean recall of its classes; a neutrophil is right as band or segmented; cells that the set "
    "calls unidentifiable and Taleqani's haematogones are left out. Blast AUC: blasts against all other cells of the "
    "same set, so that a difference of stain between sets cannot help. In brackets: 95 % intervals, by a bootstrap "
    "over blocks."
)


def laboratories_steps(options: ExperimentOptions) -> Steps[LaboratoriesTable]:
    """Train one classifier on all laboratories and one without each set, and test all of them on every set.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder that `hemalens prepare nucleated` has written. A row that is finished in `options.out` is
        read, one that was begun goes on.

    Raises
    ------
    RecipeError
        If there is no such preset or row.
    """
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    recipe = budget.recipe.model_copy(update={"seed": options.seeds[0]})
    cells = cell_table.read_folder(options.folder)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    strange: dict[str, StrangeCells] = {}
    for done, (row, without) in enumerate(chosen.items()):
        out = options.trials / row
        steps = _row_steps(cells, options.folder, recipe.model_copy(update={"without": without}), out)
        found[row] = yield from nest_steps(steps, done, len(chosen), f"without {row}")
        if without:
            steps_out = _strange_steps(cells, without, out)
            strange[row] = yield from nest_steps(steps_out, done, len(chosen), f"without {row}")
        table = LaboratoriesTable(f"Cells of strange laboratories{budget.suffix}", found, strange)
        table.write(options.out)
        yield Progress(done + 1, len(chosen), f"without {row}: done")
    return table


def _row_steps(
    cells: CellTable, folder: Path, recipe: ClassifierTraining, out: Path
) -> Steps[dict[str, dict[str, Any]]]:
    """Train and test one row, or read what was measured before."""
    if (out / _RESULT).is_file():
        done: dict[str, dict[str, Any]] = json.loads((out / _RESULT).read_text(encoding="utf-8"))
        return done
    new = NewWeights(out, _WEIGHTS)
    if not new.file.with_suffix(".json").is_file():
        yield from cells_by_box.train_steps([folder], _TASK, recipe, new)
    card = classifier_card(new.file)
    classifier = NetworkClassifier.load(card, device.choose("auto"))
    named = yield from name_table_steps(classifier, cells.take(tested(cells, recipe.without)), _TASK)
    found = {name: measures_of(_of(named, laboratories)) for name, laboratories in SETS.items()}
    draw_reliability({name: _of(named, of).reliability() for name, of in SETS.items()}, out / "reliability.png")
    with writing(out / _RESULT) as file:
        file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return found


def _strange_steps(cells: CellTable, without: Sequence[str], out: Path) -> Steps[StrangeCells]:
    """Look at the cells that a row was trained without, or read what was seen before."""
    file = out / _STRANGE
    if not file.is_file():
        classifier = NetworkClassifier.load(classifier_card(NewWeights(out, _WEIGHTS).file), device.choose("auto"))
        seen = yield from look_at_steps(classifier, cells, _TASK, without)
        seen.write(file)
    return StrangeCells.read(file)


def tested(cells: CellTable, without: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the rows that are tested on: blocks held out, and of laboratories not trained on, those trained on too."""
    strange = np.isin(cells.laboratories, without) & (cells.parts == "train")
    return np.flatnonzero((cells.parts == "choose") | strange)


def _of(named: NamedTable, laboratories: Sequence[str]) -> NamedTable:
    return named.take(np.isin(named.cells.laboratories, laboratories))
