"""Cross-validation: how much the figures of a recipe depend on the images that it is tested on."""

from collections.abc import Iterator, Sequence

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.options import ExperimentOptions, TrialKey
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.running import trials_steps
from napari_hemalens.experiments.splits import Cells, Partition, hold_back, split_folds
from napari_hemalens.experiments.trial import PlannedTrial, TrialCrops
from napari_hemalens.formats.named_cells import classes_of, read
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import OWN, Task, own_task
from napari_hemalens.records.tasks import task as task_called

NAME = "folds"
SHARE = 0.15  # of the cells to train on, held back to choose the epoch by


def cross_validation_steps(
    options: ExperimentOptions, recipe: ClassifierTraining, *, task_name: str, folds: int = 5
) -> Steps[Comparison]:
    """Train and test one recipe on folds of the part 'train', by subject or image.

    Each fold is tested once by a network trained on all others; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are folders as `formats.named_cells` describes them. Preset, seeds and rows have no effect.
    recipe : ClassifierTraining
        Every choice of the training.
    task_name : str
        The question asked of each cell: a key of `tasks.TASKS`. Of 'own' the classes are those of the data.
    folds : int
        Number of folds.
    """
    fields = [field for folder in options.data for field in read(folder, split="train")]
    task = own_task(classes_of(fields)) if task_name == OWN else task_called(task_name)
    network, parts = recipe.network.network, split_folds(fields, folds)
    comparison = Comparison(
        title=f"{task.title}: {network} on {folds} folds of {', '.join(folder.name for folder in options.data)}",
        notes=_notes(recipe, folds),
        measures=("AUC", "AP", "F1", "accuracy", "balanced accuracy") if task.positive else ("AUC", "F1", "accuracy"),
        rows={network: NetworkRow(network, network, recipe.loss)},
        run={"experiment": NAME, "data": [str(folder) for folder in options.data], "folds": folds},
    )
    yield Progress(0, folds, "cutting crops")
    return (yield from trials_steps(comparison, _plan_trials(parts, task, recipe), options.out, total=folds))


def _plan_trials(parts: Sequence[Cells], task: Task, recipe: ClassifierTraining) -> Iterator[PlannedTrial]:
    for k, test in enumerate(parts):
        train = tuple(field for fold in (*parts[:k], *parts[k + 1 :]) for field in fold)
        choose = test  # measured after each epoch, but nothing is chosen on it
        if recipe.keep == "best":
            train, choose = hold_back(train, SHARE, seed=recipe.seed)
        crops = TrialCrops.cut(Partition(train, choose, test), task, recipe)
        yield PlannedTrial(TrialKey(recipe.network.network, f"fold {k + 1}"), task, crops, recipe)


def _notes(recipe: ClassifierTraining, number: int) -> tuple[str, ...]:
    kept = (
        "the epoch kept is the last, so that nothing was chosen on any fold"
        if recipe.keep == "last"
        else f"the epoch kept ranks best {100 * SHARE:.0f} % of the cells of the other folds, held back by group"
    )
    return (
        f"Each of {number} folds is tested once by a network trained on the others; no image or subject is in two "
        f"folds; {kept}. F1, accuracy and confusion matrices are at a probability of one half. Deviations are over "
        "folds.",
    )
