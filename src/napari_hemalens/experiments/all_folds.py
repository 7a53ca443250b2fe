"""ECA-VGG16 of Ullah et al. 2021 and its relatives on folds by subject: blasts of acute lymphoblastic leukaemia.

Ullah et al., Appl. Sci. 11 (2021) 10662. Schemes: 'paper' trains on one of folds 1-6 alone and tests each of these runs
on fold 7; 'leave-one-out' tests on each fold what was trained on all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.options import ExperimentOptions, FoldScheme, TrialKey, check_choice
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.running import Budget, find_budget, recipe_for, select_rows, trials_steps
from napari_hemalens.experiments.splits import Cells, Partition, hold_back, name_grouping, sample_cells, split_folds
from napari_hemalens.experiments.trial import AllCrops, PlannedTrial, TrialCrops
from napari_hemalens.formats.named_cells import NamedCells, read_all
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import task

NAME = "all-folds"
MEASURES = ("accuracy", "sensitivity", "specificity", "precision", "F1", "AUC")
FOLDS = 7
SHARE = 0.2  # of the cells to train on, held back to choose the epoch by
_TASK = task("all")


FLOOR = Floor("vgg16_half", "accuracy", 0.75)


def _row(label: str, network: str, *paper: float, plain: str | None = None, **options: object) -> NetworkRow:
    """Return a row; accuracy and its deviation as printed in Table 4, the others the means of Tables 5 and 6."""
    measures = ("accuracy", "accuracy sd", *MEASURES[1:5])
    printed = dict(zip(measures, paper, strict=True)) if paper else None
    return NetworkRow(label, network, "cross_entropy", printed, plain, options)


ROWS: Mapping[str, NetworkRow] = {
    "eca_vgg16": _row("ECA-VGG16", "eca_vgg16", 0.911, 0.013, 0.923, 0.903, 0.895, 0.907, plain="vgg16"),
    "eca_vgg16_pooled": _row("ECA-VGG16, pooled", "eca_vgg16_pooled", plain="vgg16_pooled"),
    "vgg16": _row("VGG16", "vgg16", 0.839, 0.015, 0.841, 0.838, 0.826, 0.834),
    "vgg16_pooled": _row("VGG16, pooled", "vgg16_pooled"),
    "eca_vgg16_half": _row("ECA-VGG16, half as wide, pooled", "eca_vgg16_half", plain="vgg16_half"),
    "eca_vgg16_half_5": _row("ECA-VGG16, half as wide, kernel 5", "eca_vgg16_half", plain="vgg16_half", eca_kernel=5),
    "eca_vgg16_half_3": _row("ECA-VGG16, half as wide, kernel 3", "eca_vgg16_half", plain="vgg16_half", eca_kernel=3),
    "vgg16_half": _row("VGG16, half as wide, pooled", "vgg16_half"),
}
"""By name: the two networks of the paper, both with global pooling in place of two dense layers, and half as wide.

The paper's kernel is 9 channels, the rule that it mentions gives 3 to 5.
"""


def _small(recipe: ClassifierTraining) -> ClassifierTraining:
    """Return a recipe for crops of 32 pixels: what two cores can train thirty times over."""
    return recipe.model_copy(
        update={
            "network": recipe.network.model_copy(update={"batch_norm": True, "standard_colours": False}),
            "crop": CropRecipe(side=32, width=1.5, neighbours="hidden", stain="reference"),
            "epochs": 12,
            "batch": 32,
            "optimizer": "adamw",
            "learning_rate": 1e-3,
            "weight_decay": 0.05,
            "warmup_steps": 30,
            "decay_from": 0.4,
            "turn": 180,
            "zoom": 1.2,
            "shift": 0.05,
            "workers": 0,
        }
    )


_PAPER = CLASSIFICATION["ullah-2021"]
_FROM = "from 224 px, 50 epochs of copies, all cells and SGD at a rate of 0.0001 without batch normalisation"

BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(_PAPER),
    "laptop": Budget(
        _small(_PAPER),
        6_000,
        f"reduced: 32 px, 12 epochs, 6,000 cells in all folds, AdamW with batch normalisation, {_FROM}",
    ),
    "ci": Budget(
        _small(_PAPER).model_copy(update={"epochs": 1, "batch": 4, "precision": "32-true", "accelerator": "cpu"}),
        112,
        f"NO RESULT, a test of the machinery: 32 px, 1 epoch, 112 cells in all folds, {_FROM}",
    ),
}

_ALL_BUT_ONE: Mapping[str, Budget[ClassifierTraining]] = {
    **BUDGETS,
    "laptop": Budget(  # six folds to train on in place of one: fewer cells for about as many steps
        _small(_PAPER),
        1_000,
        f"reduced: 32 px, 12 epochs, 1,000 cells in all folds, AdamW with batch normalisation, {_FROM}",
    ),
}


def all_folds_steps(options: ExperimentOptions, *, scheme: FoldScheme = "paper") -> Steps[Comparison]:
    """Train and test ECA-VGG16 and its relatives on seven folds; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder as `formats.named_cells` describes it, or C-NMC 2019: blasts and normal cells, all parts
        together. Folds are by subject where subjects are known, else by image.
    scheme : str
        'paper': six runs, each trained on one of folds 1-6 alone, all tested on fold 7; 'leave-one-out': seven runs,
        each tested on one fold and trained on all others.

    Raises
    ------
    RecipeError
        If there is no such preset, row or scheme.
    """
    check_choice("scheme", scheme, get_args(FoldScheme))
    chosen = select_rows(options.rows, ROWS)
    budget = find_budget(options, BUDGETS if scheme == "paper" else _ALL_BUT_ONE)
    data, seeds = options.folder, options.seeds
    cells = sample_cells(read_all(data), budget.cells, seed=0)
    runs = tuple(plan_runs(split_folds(cells, FOLDS), scheme))
    total = len(chosen) * len(seeds) * len(runs)
    yield Progress(0, total, "cutting crops")
    comparison = Comparison(
        title=f"ECA-VGG16 of Ullah et al. 2021 on {data.name}, scheme {scheme}{budget.suffix}",
        notes=_notes(cells, runs, scheme, seeds),
        measures=MEASURES,
        rows=chosen,
        floor=FLOOR,
        run=options.record(NAME, scheme=scheme),
    )
    planned = _plan_trials(AllCrops(cells, _TASK, budget.recipe), runs, budget.recipe, rows=chosen, seeds=seeds)
    return (yield from trials_steps(comparison, planned, options.out, total=total))


def plan_runs(parts: Sequence[Cells], scheme: FoldScheme) -> Iterator[tuple[str, Partition]]:
    """Yield the name and the cells of each run of a scheme.

    Raises
    ------
    TrainingError
        If the cells to train on have too few subjects to hold some back.
    """
    numbered = list(enumerate(parts, start=1))
    for number, fold in numbered[:-1] if scheme == "paper" else numbered:
        others = tuple(cell for other, cells in numbered if other != number for cell in cells)
        learned, test = (fold, parts[-1]) if scheme == "paper" else (others, fold)
        yield f"fold {number}", Partition(*hold_back(learned, SHARE, seed=0), test)


def _plan_trials(
    crops: AllCrops,
    runs: Sequence[tuple[str, Partition]],
    recipe: ClassifierTraining,
    *,
    rows: Mapping[str, NetworkRow],
    seeds: Sequence[int],
) -> Iterator[PlannedTrial]:
    for fold, cells in runs:
        selected = TrialCrops.select(crops, cells)
        for seed in seeds:
            case = fold if len(seeds) == 1 else f"{fold}, seed {seed}"
            for name, row in rows.items():
                yield PlannedTrial(TrialKey(name, case), _TASK, selected, recipe_for(row, recipe, seed))


def _notes(
    cells: Sequence[NamedCells],
    runs: Sequence[tuple[str, Partition]],
    scheme: FoldScheme,
    seeds: Sequence[int],
) -> tuple[str, ...]:
    number = sum(len(field.ids) for field in cells)
    blasts = sum(int((field.class_names == _TASK.positive).sum()) for field in cells)
    by = name_grouping(cells)
    test, again = runs[-1][1].test, f", and over {len(seeds)} seeds of each" if len(seeds) > 1 else ""
    notes = [
        f"{number:,} cells, {blasts:,} of them blasts, in {FOLDS} folds by {by}. Of what a run is trained on, a fifth "
        f"is held back by {by}, and the epoch with the greatest AUC on it was kept (in the paper, with the greatest "
        "accuracy). Sensitivity is of blasts, specificity of normal cells. Figures and confusion matrices (true class "
        "by row: blast, normal; summed over runs) are at a probability of one half.",
    ]
    if by in {"image", "block of images"}:
        notes.append(
            f"This set has no subject ids: folds are by {by}, cells of one person may be on both sides, and the "
            "figures may be optimistic."
        )
    if scheme == "paper":
        tested = sum(len(field.ids) for field in test)
        notes.append(
            f"Each run is trained on one of folds 1 to {FOLDS - 1} and named after it; all are tested on the same "
            f"{tested:,} cells of fold {FOLDS}. Deviations are over the {len(runs)} folds trained on{again}: they "
            "say nothing of other cells to test on."
        )
    else:
        notes.append(
            f"Each run is tested on the fold it is named after and trained on all others. Deviations are over the "
            f"{len(runs)} folds tested on{again}; the cells trained on overlap from run to run."
        )
    if all(field.labels is None for field in cells):
        notes.append(
            "Each cell is scaled by its own diameter, as in use; in the paper all are as the camera magnified them."
        )
    notes.append(
        "The paper's figures are of C-NMC 2019 with 436 cells to test on, its deviation of accuracy over n runs, here "
        "n - 1; sensitivity, specificity, precision and F1 are the means of its folds. They are no yardstick for other "
        "images."
    )
    return tuple(notes)
