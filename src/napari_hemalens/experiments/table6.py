"""Table 6 of Wei et al. 2022: thirteen networks that detect micronuclei, trained and tested alike.

Wei et al., BMC Med. Inform. Decis. Mak. 22 (2022). Protocols: TAD chooses the epoch on cells as they are, TVAD on five
copies of each (the cell and four that are turned, flipped and scaled).
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.options import ExperimentOptions, Table6Protocol, TrialKey, check_choice
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.running import Budget, find_budget, recipe_for, select_rows, trials_steps
from napari_hemalens.experiments.splits import Partition, hold_back, sample_cells
from napari_hemalens.experiments.trial import PlannedTrial, TrialCrops
from napari_hemalens.formats.named_cells import read
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import task

NAME = "micronucleus-table6"
MEASURES = ("AP", "F1", "AUC")
SHARE = 0.2  # of the cells to train on, held back to choose the epoch by
COPIES = {"tad": 1, "tvad": 5}
_TASK = task("micronucleus")


FLOOR = Floor("alexnet_light", "AUC", 0.90)


def _row(label: str, network: str, *paper: float, loss: str = "focal", plain: str | None = None) -> NetworkRow:
    return NetworkRow(label, network, loss, dict(zip(MEASURES, paper, strict=True)), plain)


ROWS: Mapping[str, NetworkRow] = {
    "mobilenet_v2": _row("MobileNet", "mobilenet_v2", 0.589, 0.504, 0.931),
    "vgg16": _row("VGG-16", "vgg16", 0.868, 0.803, 0.989),
    "vgg16_attention": _row("VGG-Att", "vgg16_attention", 0.948, 0.786, 0.994, plain="vgg16"),
    "googlenet": _row("GoogLeNet", "googlenet", 0.871, 0.780, 0.988),
    "googlenet_attention": _row("GoogLeNet-Att", "googlenet_attention", 0.875, 0.810, 0.988, plain="googlenet"),
    "resnet50": _row("ResNet", "resnet50", 0.912, 0.804, 0.989),
    "resnet50_attention": _row("ResNet-Att", "resnet50_attention", 0.920, 0.877, 0.993, plain="resnet50"),
    "alexnet": _row("AlexNet", "alexnet", 0.824, 0.749, 0.984),
    "alexnet_light": _row("Alex-light", "alexnet_light", 0.875, 0.800, 0.990),
    "msa_net": _row("MSA-Net", "msa_net", 0.919, 0.808, 0.989),
    "alexnet_channel_attention": _row(
        "Alex-CA", "alexnet_channel_attention", 0.883, 0.809, 0.991, plain="alexnet_light"
    ),
    "ours_cross_entropy": _row(
        "Our method-CE", "alexnet_attention", 0.818, 0.548, 0.985, loss="cross_entropy", plain="ours"
    ),
    "ours": _row("Our method", "alexnet_attention", 0.932, 0.811, 0.995, plain="alexnet_light"),
}
"""The thirteen by name, in the order of the paper."""


def _small(recipe: ClassifierTraining) -> ClassifierTraining:
    """Return a recipe for crops of 95 pixels, from scratch: in smaller ones AlexNet's maps have no places left."""
    network = recipe.network.model_copy(update={"start": "scratch", "batch_norm": True})
    rates = {"learning_rate": 0.02, "warmup_steps": 20, "decay_every": None, "decay_from": 0.4, "batch": 8}
    return recipe.model_copy(
        update={
            "network": network,
            "crop": CropRecipe(side=95, width=2.5, light="fluorescence"),
            "epochs": 10,
            "workers": 0,
            **rates,
        }
    )


_PAPER = CLASSIFICATION["wei-2022"]
_FROM = "from 224 px, 60 epochs and an ImageNet start"

BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(_PAPER),
    "laptop": Budget(
        _small(_PAPER),
        reduced=f"reduced: 95 px, 10 epochs, from scratch with batch normalisation, {_FROM}",
    ),
    "ci": Budget(
        _small(_PAPER).model_copy(update={"epochs": 1, "batch": 4, "precision": "32-true", "accelerator": "cpu"}),
        40,
        f"NO RESULT, a test of the machinery: 95 px, 1 epoch of 32 nuclei, {_FROM}",
    ),
}


def micronucleus_table6_steps(options: ExperimentOptions, *, protocol: Table6Protocol = "tad") -> Steps[Comparison]:
    """Train and test the thirteen networks under one budget; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder as `formats.named_cells` describes it, with the parts 'train' and 'val': nuclei with and
        without micronuclei. Images of 'train' are held back to choose the epoch by; the figures are of 'val'.
    protocol : str
        'tad': the epoch is chosen on cells as they are; 'tvad': on five copies of each.

    Raises
    ------
    RecipeError
        If there is no such preset, row or protocol.
    """
    check_choice("protocol", protocol, get_args(Table6Protocol))
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    data, seeds, total = options.folder, options.seeds, len(chosen) * len(options.seeds)
    yield Progress(0, total, "cutting crops")
    train, choose = hold_back(sample_cells(read(data, split="train"), budget.cells, seed=0), SHARE, seed=0)
    cells = Partition(train, choose, tuple(read(data, split="val")))
    crops = TrialCrops.cut(cells, _TASK, budget.recipe, copies=COPIES[protocol])
    comparison = Comparison(
        title=f"Table 6 of Wei et al. 2022 on {data.name}, {protocol.upper()}{budget.suffix}",
        notes=_notes(crops, protocol, seeds),
        measures=MEASURES,
        rows=chosen,
        floor=FLOOR,
        run=options.record(NAME, protocol=protocol),
    )
    planned = (
        PlannedTrial(TrialKey(name, f"seed {seed}"), _TASK, crops, recipe_for(row, budget.recipe, seed))
        for seed in seeds
        for name, row in chosen.items()
    )
    return (yield from trials_steps(comparison, planned, options.out, total=total))


def _notes(crops: TrialCrops, protocol: Table6Protocol, seeds: Sequence[int]) -> tuple[str, ...]:
    cells = crops.cells
    notes = [
        f"Trained on {cells['train']:,} nuclei; the epoch with the greatest AUC on {cells['choose']:,} nuclei of other "
        f"images of the training part was kept; figures are of {cells['test']:,} nuclei of the part val, on which "
        "nothing was chosen. F1 and confusion matrices (true class by row: micronucleus, none) are at a probability of "
        "one half.",
        "AP and F1 depend on how many nuclei have a micronucleus: here "
        f"{100 * (crops.test.labels == 0).mean():.0f} %, in the paper's test set 6.5 %. Its figures are of other "
        "images and no yardstick for these. Its MobileNet is version 1, here version 2.",
    ]
    if protocol == "tvad":
        notes.append(
            "TVAD: the epoch was chosen on five copies of each nucleus held back. Copies are no independent evidence: "
            "they make no validation set larger than its nuclei."
        )
    if len(seeds) > 1:
        notes.append("Deviations are over seeds of training, on the same nuclei: they say nothing of other nuclei.")
    return tuple(notes)
