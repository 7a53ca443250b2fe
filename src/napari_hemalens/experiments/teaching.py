"""Teaching simulated: an annotator who knows every cell names those that a session shows, by each strategy.

The pool is as unequal as a marrow; cells that measure are of another part, and neither shown nor placed among the
pool. The random cells that a session keeps for its own test count as labels, for all strategies alike.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from napari_hemalens.config.options import FineTuningRecipe
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, select_rows
from napari_hemalens.experiments.teaching_pools import draw_pool, named_embeddings_steps
from napari_hemalens.experiments.teaching_report import TRAINED, TeachingTable
from napari_hemalens.experiments.teaching_trial import Annotation
from napari_hemalens.progress import Progress, Steps

STRATEGIES: Mapping[str, str] = {
    name: name for name in ("margin-diversity", "margin", "entropy", "diversity", "random")
}
"""The rows; the first is the default of the dock."""

LABELS: Mapping[str, tuple[int, ...]] = {"full": (20, 40, 80, 160, 240, 320), "ci": (20, 30)}
"""After how many labels is measured, by preset."""

BUDGETS: Mapping[str, Budget[FineTuningRecipe]] = {
    "full": Budget(FineTuningRecipe()),
    "ci": Budget(FineTuningRecipe(epochs=0.2), reduced="NO RESULT, a test of the machinery"),
}


def teaching_steps(options: ExperimentOptions, *, weights: str, train: bool = True) -> Steps[TeachingTable]:
    """Simulate teaching by each strategy and seed; a trial that is finished in the folder is read.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder with the parts train (the pool) and val (what is measured on): `images/` with tables
        `train.csv` and `val.csv` of the columns image and class, or annotated boxes. Changes are of
        `FineTuningRecipe`, by which the network itself is trained.
    weights : str
        The classifier whose embedding is taught on.
    train : bool
        Also train the network itself, from the labels of the first row.

    Raises
    ------
    RecipeError
        If there is no such strategy or option.
    AnnotationError
        If the folder has no such parts.
    """
    chosen = select_rows(options.rows, STRATEGIES)
    preset = "ci" if options.preset == "ci" else "full"
    budget = find_budget(replace(options, preset=preset), BUDGETS)
    pool = yield from named_embeddings_steps(options, "train", weights)
    measured = yield from named_embeddings_steps(options, "val", weights)
    pools = {seed: pool.take(draw_pool(pool.names, seed)) for seed in options.seeds}
    trials: dict[str, list[list[float]]] = {name: [] for name in chosen}
    table = TeachingTable(f"Teaching on the embedding of {Path(weights).stem}{budget.suffix}", LABELS[preset], trials)
    total = len(chosen) * len(options.seeds)
    for done, (seed, name) in enumerate(((s, n) for s in options.seeds for n in chosen), start=1):
        annotation = Annotation(pools[seed], measured, name, seed, LABELS[preset], weights)
        trials[name].append(annotation.measure(options.trials / f"{name}-{seed}.json"))
        yield Progress(done, total, f"{name}, seed {seed}: {trials[name][-1][-1]:.3f}")
    table.write(options.out)
    for done, seed in enumerate(options.seeds if train else ()):
        annotation = Annotation(pools[seed], measured, next(iter(chosen)), seed, LABELS[preset], weights)
        of = ", ".join((f"{TRAINED}-{seed}", *options.changes))  # a longer training would go on from a shorter one
        steps = annotation.train_steps(options.trials / of, budget.recipe)
        found = yield from nest_steps(steps, done, len(options.seeds), f"training, seed {seed}")
        table = replace(table, trained=(*table.trained, found))
        table.write(options.out)
    return table
