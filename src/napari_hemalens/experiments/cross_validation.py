"""One recipe on folds of the cells to train on: how much its figures depend on which images it was tested on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.running import trials_steps
from napari_hemalens.experiments.splits import hold_back, split_folds
from napari_hemalens.experiments.trial import Parts
from napari_hemalens.formats.named_cells import read
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task

NAME = "folds"
SHARE = 0.15  # of the cells to train on, held back to choose the epoch by


def steps(data: Sequence[Path], out: Path, *, task: Task, recipe: ClassifierTraining, number: int) -> Steps[Comparison]:
    """Train on all folds but one, test on that one, each in its turn; see `comparisons.cross_validation_steps`."""
    parts = split_folds([field for folder in data for field in read(folder, split="train")], number)
    network = recipe.network.network
    comparison = Comparison(
        title=f"{task.title}: {network} on {number} folds of {', '.join(folder.name for folder in data)}",
        notes=_notes(recipe, number),
        measures=("AUC", "AP", "F1", "accuracy", "balanced accuracy") if task.positive else ("AUC", "F1", "accuracy"),
        rows={network: NetworkRow(network, network, recipe.loss)},
        run={"experiment": NAME, "data": [str(folder) for folder in data], "folds": number},
    )

    def runs() -> Iterator[tuple[str, str, Parts, ClassifierTraining]]:
        for k, test in enumerate(parts):
            train = tuple(field for fold in (*parts[:k], *parts[k + 1 :]) for field in fold)
            choose = test  # measured on the way, and nothing more
            if recipe.keep == "best":
                train, choose = hold_back(train, SHARE, seed=recipe.seed)
            yield network, f"fold {k + 1}", Parts.cut(train, choose, test, task=task, recipe=recipe), recipe

    yield Progress(0, number, "cutting crops")
    return (yield from trials_steps(comparison, runs(), out, task=task, total=number))


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
