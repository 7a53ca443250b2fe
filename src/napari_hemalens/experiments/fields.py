"""Whole fields or single cells: the networks of this project on images of many cells, and on the cells alone.

Wang et al., Towards interpretable attention networks for cervical cancer analysis, EMBC 2021,
https://arxiv.org/abs/2106.00557, which finds residual channel attention best and fields better than cells. Its full
recipe could not be read: 'full' is what the other experiments train by. Each network is trained four times: on fields
and on all cells cut from them, with the stain as it is and normalised. In an epoch both see every cell once, so a
network on cells takes as many more steps as a field has cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import AnnotationError
from napari_hemalens.experiments.field_views import (
    GRADIENTS,
    STAINS,
    UNITS,
    FieldViews,
    View,
    average_by_field,
    capitalise,
    view_folder,
    view_name,
)
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.gradient_pictures import draw_gradients
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import ExperimentOptions, StainChoice, TrialKey, check_choice
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.running import (
    Budget,
    find_budget,
    recipe_for,
    select_rows,
    trials_steps,
)
from napari_hemalens.experiments.splits import Cells, Partition, hold_back, sample_cells
from napari_hemalens.experiments.trial import PlannedTrial, TrialCrops
from napari_hemalens.formats.named_cells import NamedCells, read
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import task
from napari_hemalens.training.cell_sets import CELLS, FIELDS

NAME = "fields"
MEASURES = ("accuracy", "balanced accuracy", "F1", "AUC")
SHARE = 0.2  # of the fields to train on, held back to choose the epoch by
CELL_PX = 64  # of a crop of a cell in a reduced budget: about as many as it has in the public fields
_TASK = task("field")


FLOOR = Floor("resnet18", "balanced accuracy", 0.80)


def _row(label: str, network: str, plain: str | None = None) -> NetworkRow:
    return NetworkRow(label, network, "cross_entropy", plain=plain)


ROWS: Mapping[str, NetworkRow] = {
    "alexnet_light": _row("AlexNet, pooled", "alexnet_light"),
    "vgg16_pooled": _row("VGG16, pooled", "vgg16_pooled"),
    "googlenet": _row("GoogLeNet", "googlenet"),
    "resnet18": _row("ResNet18", "resnet18"),
    "resnet50": _row("ResNet50", "resnet50"),
    "mobilenet_v2": _row("MobileNetV2", "mobilenet_v2"),
    "alexnet_attention": _row("AlexNet, spatial attention", "alexnet_attention", "alexnet_light"),
    "alexnet_channel_attention": _row("AlexNet, channel attention", "alexnet_channel_attention", "alexnet_light"),
    "resnet18_attention": _row("ResNet18, spatial attention", "resnet18_attention", "resnet18"),
    "resnet18_cbam": _row("ResNet18, CBAM", "resnet18_cbam", "resnet18"),
    "resnet18_block_cbam": _row("ResNet18, CBAM in blocks", "resnet18_block_cbam", "resnet18"),
    "resnet18_block_eca": _row("ResNet18, ECA in blocks", "resnet18_block_eca", "resnet18"),
    "resnet18_block_se": _row("ResNet18, SE in blocks", "resnet18_block_se", "resnet18"),
    "eca_vgg16_half": _row("VGG16, half as wide, ECA", "eca_vgg16_half"),
    "residual_channel_attention": _row("Residual channel attention", "residual_channel_attention"),
}
"""By name: six plain networks, eight with the attention of the other papers or SE, and that of this one.

AlexNet and VGG16 are pooled, as all others are: their dense layers are nine tenths of what is learned and know places.
"""

_FULL = ClassifierTraining(
    network=ClassifierRecipe(start="imagenet_or_scratch", batch_norm=True),
    crop=CropRecipe(side=224),
    epochs=60,
    decay_every=20,
    decay_from=1,
    workers=4,
)


def _small(**options: object) -> ClassifierTraining:
    """Return a recipe for half the side of a field."""
    chosen = {
        "network": _FULL.network.model_copy(update={"start": "scratch"}),
        "crop": CropRecipe(side=112),
        "epochs": 15,
        "batch": 16,
        "learning_rate": 0.05,
        "weight_decay": 5e-4,
        "warmup_steps": 60,
        "decay_every": None,
        "decay_from": 0.3,
        "workers": 0,
        "precision": "32-true",  # a processor without bfloat16 is ten times slower in mixed precision
    }
    return _FULL.model_copy(update=chosen | options)


_FROM = "from 224 px, 60 epochs, all fields and cells and an ImageNet start"

BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(_FULL),
    "laptop": Budget(
        _small(),
        1_300,
        f"reduced: 112 px, cells {CELL_PX}, 15 epochs of about 1,040 fields or all their cells, from scratch, {_FROM}",
    ),
    "ci": Budget(
        _small(crop=CropRecipe(side=64), epochs=1, batch=4, accelerator="cpu"),
        40,
        f"NO RESULT, a test of the machinery: 64 px, 1 epoch of about 32 fields or their cells, {_FROM}",
    ),
}


def fields_steps(options: ExperimentOptions, *, stain: StainChoice = "both") -> Steps[FieldViews]:
    """Train and test networks on whole fields and on the single cells cut from them.

    Each row is trained on fields and on cells, under each stain. Fields are also classified by the mean over their
    cells. The tables are written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder that `prepare_cells_steps("field", …)` has written.
    stain : str
        'as_is', 'reference' (mean and deviation of each image's colours are brought to one reference), or 'both'.

    Raises
    ------
    RecipeError
        If there is no such preset, row or stain.
    AnnotationError
        If the folder does not hold what `hemalens prepare field` writes.
    """
    check_choice("stain", stain, get_args(StainChoice))
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    data, seeds = options.folder, options.seeds
    parts = split_data(data, budget)
    found = FieldViews(
        title=f"Whole fields and single cells of {data.name}{budget.suffix}",
        notes=_notes(parts, budget, seeds),
        views={},
    )
    for of in STAINS if stain == "both" else (stain,):
        for unit in (FIELDS, CELLS):
            empty = Comparison(
                title=capitalise(view_name((of, unit))) + budget.suffix,
                notes=(),
                measures=MEASURES,
                rows=chosen,
                floor=FLOOR,
                run=options.record(NAME, stain=of, unit=unit),
            )
            out = options.out / view_folder((of, unit))
            comparison = yield from _unit_steps(empty, parts[unit], out, budget, seeds=seeds)
            found = replace(found, views={**found.views, **_views(of, comparison, parts[CELLS].test)})
            found.write(options.out)
    return found


def _unit_steps(
    empty: Comparison, cells: Partition, out: Path, budget: Budget[ClassifierTraining], *, seeds: Sequence[int]
) -> Steps[Comparison]:
    """Train and test all rows on fields or on cells under one stain; networks on fields are kept and explained."""
    unit, stain, total = empty.run["unit"], empty.run["stain"], len(empty.rows) * len(seeds)
    crop = crop_recipe_for(unit, stain, side_of(unit, budget))
    recipe = budget.recipe.model_copy(update={"crop": crop})
    yield Progress(0, total, f"cutting crops: {empty.title}")
    crops, keep = TrialCrops.cut(cells, _TASK, recipe), unit == FIELDS
    planned = (
        PlannedTrial(TrialKey(name, f"seed {seed}"), _TASK, crops, recipe_for(row, recipe, seed), keep_network=keep)
        for seed in seeds
        for name, row in empty.rows.items()
    )
    comparison = yield from trials_steps(empty, planned, out, total=total)
    if keep:
        yield Progress(total, total, "drawing gradients")
        networks = KeptNetworks(out / "trials", empty.rows, _TASK, cases=[f"seed {seeds[0]}"])
        draw_gradients(crops.test, networks, out / GRADIENTS)
    return comparison


def split_data(data: Path, budget: Budget[ClassifierTraining]) -> dict[str, Partition]:
    """Return what each unit trains on, chooses the epoch by and is tested on: the same images for both.

    Raises
    ------
    AnnotationError
        If `data` does not hold what `hemalens prepare field` writes.
    """
    if not all((data / unit / "train.csv").is_file() for unit in (FIELDS, CELLS)):
        raise AnnotationError(
            f"{data} holds no folders {FIELDS} and {CELLS} with tables: `hemalens prepare field` makes them."
        )
    train_cells, test_cells = (read(data / CELLS, split=split) for split in ("train", "val"))
    images = {field.image.stem for field in train_cells}
    with_cells = tuple(field for field in read(data / FIELDS, split="train") if field.image.stem in images)
    train, choose = hold_back(sample_cells(with_cells, budget.cells, seed=0), SHARE, seed=0)
    tested = {field.image.stem for field in test_cells}
    test = tuple(field for field in read(data / FIELDS, split="val") if field.image.stem in tested)
    learned, ranked = (_of_same_images(train_cells, fields) for fields in (train, choose))
    return {FIELDS: Partition(train, choose, test), CELLS: Partition(learned, ranked, tuple(test_cells))}


def side_of(unit: str, budget: Budget[ClassifierTraining]) -> int:
    """Return how many pixels a side a network sees of a field or of a cell."""
    side = budget.recipe.crop.side
    return side if unit == FIELDS or budget.cells is None else min(side, CELL_PX)


def crop_recipe_for(unit: str, stain: str, side: int) -> CropRecipe:
    """Return what a network sees: all of a field, or a cell by its outline, without its surroundings."""
    if unit == FIELDS:
        return CropRecipe.from_options(side=side, width=1.0, unit="field", stain=stain)
    return CropRecipe.from_options(side=side, width=1.5, neighbours="hidden", stain=stain)


def _of_same_images(cells: Sequence[NamedCells], fields: Cells) -> Cells:
    images = {field.image.stem for field in fields}
    return tuple(one for one in cells if one.image.stem in images)


def _views(stain: str, comparison: Comparison, tested: Cells) -> dict[View, Comparison]:
    if comparison.run["unit"] == FIELDS:
        return {(stain, FIELDS): comparison}
    of_fields = replace(
        comparison,
        title=comparison.title.replace(capitalise(UNITS[CELLS]), capitalise(UNITS["by_cells"])),
        run={**comparison.run, "unit": "by_cells"},
        trials=tuple(average_by_field(trial, tested) for trial in comparison.trials),
    )
    return {(stain, "by_cells"): of_fields, (stain, CELLS): comparison}


def _notes(parts: Mapping[str, Partition], budget: Budget[ClassifierTraining], seeds: Sequence[int]) -> tuple[str, ...]:
    (train, choose, test), (cells, _, test_cells) = parts[FIELDS], parts[CELLS]
    of_field, of_cell = (side_of(unit, budget) for unit in (FIELDS, CELLS))
    notes = [
        f"Trained on {len(train):,} fields, or on {sum(len(field.ids) for field in cells):,} cells of the same fields; "
        f"the epoch with the greatest AUC on {len(choose):,} other fields, or cells of them, was kept; figures are of "
        f"{len(test):,} fields and their {sum(len(field.ids) for field in test_cells):,} cells of the part val, the "
        "last fifth of each class's files, on which nothing was chosen. Fields in which no cell is outlined are left "
        "out. Classes (true class by row in the confusion matrices): " + ", ".join(_TASK.classes) + ".",
        "**Stain and background go with the class in this set, and there are no patient ids**: images of one slide may "
        "be on both sides of the split, and all figures may be optimistic. A network on fields sees the background "
        "too, one on cells sees what lies inside a cell's outline. With the stain normalised, mean and deviation of "
        "each image's colours (of all of a field, or of its cells) are brought to one reference; what is left of the "
        "slide, such as its sharpness, its density and its grain, may still tell the class.",
        f"A network sees a field at {of_field} pixels a side, {of_field / 224:.0%} of the 224 that it has, and "
        f"a cell at {of_cell}. The means and deviations of a table are over seeds alone.",
    ]
    if len(seeds) == 1:
        notes.append("One seed: differences of a few hundredths between rows say nothing.")
    return tuple(notes)
