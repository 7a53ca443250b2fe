"""Choosing what to label: the system of Jiang et al. 2023, its parts, and plainer ways, on equal numbers of labels.

Jiang et al., Active iterative optimization of leukocyte image classification model with fused attention (2023). Only
its abstract could be had; what it leaves open is said where it is fixed: `active_learning.rounds`,
`active_learning.hard_cells`, `models.loss_prediction`, `models.residual_attention`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from napari_hemalens.config.active_learning import RoundsRecipe, StrategyName
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.labelling_pools import POOLS, VAL, draw
from napari_hemalens.experiments.labelling_report import LabellingComparison
from napari_hemalens.experiments.labelling_trial import trial_steps
from napari_hemalens.experiments.options import ExperimentOptions, PoolName, Start, TrialKey, check_choice
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, select_rows
from napari_hemalens.formats import cell_table
from napari_hemalens.progress import Progress, Steps

NAME = "active-learning"

_SHARES = (0.10, 0.19, 0.28, 0.37, 0.52)
_HARD = 0.2


@dataclass(frozen=True, slots=True)
class LabellingRow:
    """A way to choose what to label, and what learns from it.

    Attributes
    ----------
    label : str
        As the tables call it.
    network : str
        A key of `models.classifiers.CLASSIFIERS`.
    strategy : str
        How the next cells are chosen.
    loss_net : bool
        Whether a LossNet is attached.
    hard : float
        Share of the labelled cells that is copied anew each epoch.
    shares : tuple of float
        Of the pool that is labelled, by round.
    balance : bool
        Whether every class is shown equally often: what choosing may do is find the rare ones.
    """

    label: str
    network: str = "resnet18"
    strategy: StrategyName = "random"
    loss_net: bool = False
    hard: float = 0.0
    shares: tuple[float, ...] = _SHARES
    balance: bool = False


_ATTENTION_SHARES = _SHARES[2:]

ROWS: Mapping[str, LabellingRow] = {
    "plain-100": LabellingRow("ResNet18, all labels", shares=(1.0,)),
    "plain": LabellingRow("ResNet18, chance"),
    "plain-balanced": LabellingRow("ResNet18, chance, classes shown alike", balance=True),
    "plain-balanced-100": LabellingRow("ResNet18, all labels, classes shown alike", shares=(1.0,), balance=True),
    "entropy": LabellingRow("ResNet18, entropy", strategy="entropy"),
    "margin": LabellingRow("ResNet18, margin", strategy="margin"),
    "margin-balanced": LabellingRow("ResNet18, margin, classes shown alike", strategy="margin", balance=True),
    "diversity": LabellingRow("ResNet18, diversity", strategy="diversity"),
    "margin-diversity": LabellingRow("ResNet18, margin and diversity", strategy="margin-diversity"),
    "loss": LabellingRow("LossNet", strategy="loss", loss_net=True),
    "loss-copies": LabellingRow("LossNet and copies", strategy="loss", loss_net=True, hard=_HARD),
    "all": LabellingRow("LossNet, copies and CBAM", "resnet18_block_cbam", "loss", loss_net=True, hard=_HARD),
    "all-100": LabellingRow(
        "LossNet, copies and CBAM, all labels", "resnet18_block_cbam", loss_net=True, hard=_HARD, shares=(1.0,)
    ),
    "cbam": LabellingRow("CBAM, chance", "resnet18_block_cbam", shares=_ATTENTION_SHARES),
    "eca": LabellingRow("ECA, chance", "resnet18_block_eca", shares=_ATTENTION_SHARES),
    "srm": LabellingRow("SRM, chance", "resnet18_block_srm", shares=_ATTENTION_SHARES),
}
"""All rows by name."""

_SMALL = RoundsRecipe(
    training=ClassifierTraining(
        network=ClassifierRecipe(network="resnet18", eca_kernel=None),
        crop=CropRecipe(side=64, width=16.0, unit="um"),
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=0.02,
        warmup_steps=50,
        decay_from=0.3,
        clip_norm=5.0,
        batch=32,
        zoom=1.25,
        light=0.2,
        loss="cross_entropy",
        balance=False,
        keep="last",
        workers=0,
        precision="32-true",
    ),
    steps=600,
)

BUDGETS: Mapping[str, Budget[RoundsRecipe]] = {
    "full": Budget(
        _SMALL.model_copy(
            update={
                "training": _SMALL.training.model_copy(
                    update={
                        "crop": CropRecipe(side=128, width=16.0, unit="um"),
                        "batch": 64,
                        "precision": "auto",
                        "workers": 8,
                    }
                ),
                "steps": 5000,
            }
        )
    ),
    "laptop": Budget(_SMALL, reduced="reduced: crops of 64 px and few steps, for a night on two cores"),
    "ci": Budget(
        _SMALL.model_copy(
            update={
                "training": _SMALL.training.model_copy(
                    update={"crop": CropRecipe(side=32, width=16.0, unit="um"), "batch": 4, "accelerator": "cpu"}
                ),
                "steps": 2,
            }
        ),
        cells=80,
        reduced="NO RESULT, a test of the machinery: two steps on 80 cells of 32 px",
    ),
}


def active_learning_steps(
    options: ExperimentOptions, *, pool: PoolName = "imbalanced", start: Start = "scratch"
) -> Steps[LabellingComparison]:
    """Simulate an annotator under all rows and seeds; the tables are written to `options.out` after each trial.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder that `hemalens prepare nucleated` has written. A round that is finished in `options.out` is
        read, not run again.
    pool : str
        A key of `labelling_pools.POOLS`.
    start : str
        What networks begin with: 'scratch', or 'imagenet', whose weights of ResNet18 are downloaded.

    Raises
    ------
    RecipeError
        If there is no such preset, row, pool or start.
    AnnotationError
        If the table has no cells for the pool.
    """
    check_choice("pool", pool, tuple(POOLS))
    check_choice("start", start, get_args(Start))
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    plan = POOLS[pool]
    drawn = draw(plan, cell_table.read_folder(options.folder), budget.cells)
    yield Progress(0, 0, f"cutting {len(drawn.pool):,} cells of the pool")
    cells = drawn.cut(budget.recipe.training.crop)
    comparison = LabellingComparison(
        title=f"Choosing what to label: {plan.title}{budget.suffix}",
        drawn=drawn,
        labels={name: row.label for name, row in chosen.items()},
        run=options.record(NAME, pool=pool, start=start),
    )
    total, trials = len(options.seeds) * len(chosen), comparison.trials
    for seed in options.seeds:
        for name, row in chosen.items():
            key, recipe = TrialKey(name, f"seed {seed}"), recipe_for(row, budget.recipe, seed, start)
            recipe = recipe.model_copy(update={"steps": round(plan.effort * recipe.steps)})
            run = trial_steps(drawn, cells, recipe, key=key, folder=options.trials)
            trials = (*trials, (yield from nest_steps(run, len(trials), total, str(key))))
            comparison = replace(comparison, trials=trials)
            comparison.write(options.out)
            last = trials[-1].rounds[-1].figures[VAL]["balanced accuracy"]
            yield Progress(len(trials), total, f"{key}: balanced accuracy {last:.3f}", comparison)
    return comparison


def recipe_for(row: LabellingRow, recipe: RoundsRecipe, seed: int, start: str) -> RoundsRecipe:
    """Return the recipe of a row under a seed."""
    network = recipe.training.network.model_copy(update={"network": row.network, "start": start})
    own = {"strategy": row.strategy, "loss_net": row.loss_net, "hard": row.hard, "shares": row.shares}
    return recipe.model_copy(
        update={
            "training": recipe.training.model_copy(update={"network": network, "seed": seed, "balance": row.balance}),
            **own,
        }
    )
