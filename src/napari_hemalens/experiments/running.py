"""Rows under one budget, one trial after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from napari_hemalens.config.training import ClassifierTraining, Training
from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.trial import Parts, Trial, trial_steps
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task

TRIALS = "trials"

R = TypeVar("R", bound=Training)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Budget(Generic[R]):
    """How much is spent on every row.

    Attributes
    ----------
    recipe : Training
        Of all rows; network and loss are the row's.
    cells : int or None
        Cells, fields or images, to train on and to choose the epoch by, drawn at random; None: all.
    reduced : str
        From what, for the title; empty where it is the paper's budget.
    """

    recipe: R
    cells: int | None = None
    reduced: str = ""

    @property
    def suffix(self) -> str:
        """What a title ends with."""
        return f" ({self.reduced})" if self.reduced else ""


def find_budget(name: str, known: Mapping[str, Budget[R]]) -> Budget[R]:
    """Return a budget by name.

    Raises
    ------
    RecipeError
        If there is no such preset.
    """
    if name not in known:
        raise RecipeError(f"No preset {name!r}. Known: {', '.join(known)}.")
    return known[name]


def recipe_for(row: NetworkRow, recipe: ClassifierTraining, seed: int) -> ClassifierTraining:
    """Return the recipe of a row."""
    network = recipe.network.model_copy(update={"network": row.network})
    return recipe.model_copy(update={"network": network, "loss": row.loss, "seed": seed})


def select_rows(names: Sequence[str] | None, known: Mapping[str, T]) -> dict[str, T]:
    """Return rows by name; all of them for None.

    Raises
    ------
    RecipeError
        If there is no such row.
    """
    for name in names or ():
        if name not in known:
            raise RecipeError(f"No row {name!r}. Known: {', '.join(known)}.")
    return {name: row for name, row in known.items() if names is None or name in names}


def trials_steps(
    comparison: Comparison,
    runs: Iterator[tuple[str, str, Parts, ClassifierTraining]],
    out: Path,
    *,
    task: Task,
    total: int,
    keep_networks: bool = False,
) -> Steps[Comparison]:
    """Run trials one after another; the table is written anew after each, and the networks if they are to be kept."""
    trials: list[Trial] = []
    for name, case, parts, recipe in runs:
        folder = out / TRIALS
        of_row = trial_steps(parts, task, recipe, folder, row=name, case=case, keep_network=keep_networks)
        trials.append((yield from nest_steps(of_row, len(trials), total, f"{name}, {case}")))
        comparison = replace(comparison, trials=tuple(trials))
        comparison.write(out)
        yield Progress(len(trials), total, f"{name}, {case}: AUC {trials[-1].measures.overall['AUC']:.3f}", comparison)
    return comparison


def nest_steps(steps: Steps[T], done: int, total: int, name: str) -> Steps[T]:
    """Pass on the steps of one trial as the message of a step of all."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(done, total, f"{name}: step {step.done:,} of {step.total:,}, {step.message}")
