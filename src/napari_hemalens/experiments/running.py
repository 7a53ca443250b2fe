"""Rows under one budget, one trial after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from napari_hemalens.config.recipe import Recipe, change_recipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.options import ExperimentOptions, check_choice
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.trial import PlannedTrial, Trial, trial_steps
from napari_hemalens.progress import Progress, Steps

R = TypeVar("R", bound=Recipe)
T = TypeVar("T")

FROM_SCRATCH = (
    "ImageNet's weights could not be had (they are downloaded): networks started from scratch, and for that AlexNet "
    "and VGG16 have batch normalisation."
)


@dataclass(frozen=True, slots=True)
class Budget(Generic[R]):
    """How much computation is spent on every row.

    Attributes
    ----------
    recipe : Recipe
        Recipe of all rows, but for network and loss, which are the row's.
    cells : int or None
        Number of cells, fields or images to train on and to choose the epoch by, drawn at random; None: all.
    reduced : str
        How it differs from the paper's budget, for the title; empty where it is the paper's.
    """

    recipe: R
    cells: int | None = None
    reduced: str = ""

    @property
    def suffix(self) -> str:
        """End of the title of a table."""
        return f" ({self.reduced})" if self.reduced else ""


def find_budget(options: ExperimentOptions, known: Mapping[str, Budget[R]]) -> Budget[R]:
    """Return the budget of a preset, with the changes that were asked for, which its title names.

    Raises
    ------
    RecipeError
        If there is no such preset, or an option that is changed is unknown or out of range.
    """
    check_choice("preset", options.preset, tuple(known))
    budget = known[options.preset]
    if not options.changes:
        return budget
    said = "; ".join(part for part in (budget.reduced, f"with {', '.join(options.changes)}") if part)
    return replace(budget, recipe=change_recipe(budget.recipe, options.changes), reduced=said)


def recipe_for(row: NetworkRow, recipe: ClassifierTraining, seed: int) -> ClassifierTraining:
    """Return the recipe of a row."""
    network = recipe.network.model_copy(update={"network": row.network, **row.options})
    point = row.point or recipe.point
    return recipe.model_copy(update={"network": network, "loss": row.loss, "point": point, "seed": seed})


def select_rows(names: Sequence[str] | None, known: Mapping[str, T]) -> dict[str, T]:
    """Return rows by name; all of them for None.

    Raises
    ------
    RecipeError
        If there is no such row.
    """
    for name in names or ():
        check_choice("row", name, tuple(known))
    return {name: row for name, row in known.items() if names is None or name in names}


def trials_steps(
    comparison: Comparison, planned: Iterator[PlannedTrial], out: Path, *, total: int
) -> Steps[Comparison]:
    """Run trials one after another; tables are written anew after each, pictures drawn at the end or where it stops.

    Parameters
    ----------
    comparison : Comparison
        Without trials.
    planned : iterator of PlannedTrial
        Crops of a trial need not be cut before its turn.
    out : Path
        Folder of the comparison.
    total : int
        Number of trials, for the progress.
    """
    trials: list[Trial] = []
    try:
        for plan in planned:
            steps = trial_steps(plan, out / "trials")
            trials.append((yield from nest_steps(steps, len(trials), total, str(plan.key))))
            comparison = replace(comparison, trials=tuple(trials), notes=_noted(comparison.notes, plan, trials[-1]))
            comparison.write(out)
            yield Progress(len(trials), total, f"{plan.key}: AUC {trials[-1].measures.overall['AUC']:.3f}", comparison)
    finally:
        comparison.draw(out)
    return comparison


def _noted(notes: tuple[str, ...], plan: PlannedTrial, trial: Trial) -> tuple[str, ...]:
    """Add to the notes that a trial could not start as it was to; what is said already is not said again."""
    asked, got = plan.recipe.network.start, trial.plan["recipe"]["network"]["start"]
    missed = asked == "imagenet_or_scratch" and got == "scratch"
    return tuple(dict.fromkeys((*notes, FROM_SCRATCH))) if missed else notes


def nest_steps(steps: Steps[T], done: int, total: int, name: str) -> Steps[T]:
    """Yield the steps of one trial as messages of the trial number `done` of `total`; return its result."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(done, total, f"{name}: step {step.done:,} of {step.total:,}, {step.message}")
