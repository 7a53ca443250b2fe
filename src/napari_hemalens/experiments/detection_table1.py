"""Table 1 of Wang et al. 2021: three detectors of marrow cells, trained and tested alike.

Wang et al., BMC Bioinformatics 22:94 (2021). Splits: 'val' trains on the part train and tests on val; 'paper' takes all
images together and draws a tenth to test on, as the paper does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

from napari_hemalens.config.networks import NetworkRecipe, RefinementRecipe
from napari_hemalens.config.presets import DETECTION
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.evaluation.tuning import write_card
from napari_hemalens.experiments.detection_report import MEASURES, DetectionComparison
from napari_hemalens.experiments.detection_trial import DetectionTrial, sample_fields, trial_steps
from napari_hemalens.experiments.detector_boxes import draw_boxes
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.options import ExperimentOptions, TestSplit, TrialKey, check_choice
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, select_rows
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.training.detection import TrainingData, initialise_steps, read_data, save_weights
from napari_hemalens.training.run_folder import keep_recipe

NAME = "detection-table1"
FLOOR = Floor("faster_rcnn_fpn", "AP50", 0.83)
ITERATIONS = 30_000
TESTED = 0.1  # of all images, in the paper's split
WATCHED = 60  # images on which AP is measured after each epoch
_SHOWN = 4  # images in the picture of boxes


def _row(label: str, network: str, *paper: float) -> NetworkRow:
    return NetworkRow(label, network, paper=dict(zip(MEASURES, paper, strict=False)))


ROWS: Mapping[str, NetworkRow] = {
    "faster_rcnn": _row("Faster R-CNN", "faster_rcnn", 0.715, 0.844, 0.838, 0.988, 0.830, 0.725),
    "faster_rcnn_fpn": _row("FPN", "faster_rcnn_fpn", 0.678, 0.800, 0.795, 0.950, 0.826, 0.689),
    "faster_rcnn_attention": _row("Improved model", "faster_rcnn_attention", 0.744, 0.853, 0.863, 0.988, 0.831, 0.755),
    "agents_on_proposals": NetworkRow(
        "Improved model, agents on proposals",
        "faster_rcnn_attention",
        plain="faster_rcnn_fpn",
        options={
            "refinement": RefinementRecipe(moves="proposals", reward=0.0, imitation=1.0, step=0.05, most_steps=10)
        },
    ),
}
"""The three by name; and the last with agents where the paper has them, taught by imitation, in steps half as long."""

_PAPER = DETECTION["wang-2021"]
_FROM = "from ResNet-50 with ImageNet weights, 800 px, 30,000 steps of two images and all images"

_SMALL = DetectionTraining(
    network=NetworkRecipe(size="laptop", pixel_size_um=0.3),
    side=128,
    batch=4,
    epochs=5,
    learning_rate=0.01,
    warmup_steps=100,
    decay_from=0.5,
    workers=0,
    precision="32-true",
)

BUDGETS: Mapping[str, Budget[DetectionTraining]] = {
    "full": Budget(_PAPER),
    "laptop": Budget(
        _SMALL,
        1_600,
        "reduced: ResNet-18 pretrained on crops by classification, windows of 128 px at 0.3 um per pixel, 5 "
        f"epochs of 1,600 images, {_FROM}",
    ),
    "ci": Budget(
        _SMALL.model_copy(update={"epochs": 1, "pretraining_epochs": 1, "batch": 2, "side": 96, "accelerator": "cpu"}),
        4,
        f"NO RESULT, a test of the machinery: 96 px, 1 epoch of 4 images, {_FROM}",
    ),
}


def detection_table1_steps(options: ExperimentOptions, *, split: TestSplit = "val") -> Steps[DetectionComparison]:
    """Train and test the three detectors under one budget; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are folders of annotated images with the parts train and val, in any format that
        `formats.read_annotations` reads.
    split : str
        'val': trained on train, tested on val; 'paper': a tenth of all images is drawn to test on.

    Raises
    ------
    RecipeError
        If there is no such preset, row or split.
    """
    check_choice("split", split, get_args(TestSplit))
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    data, seeds, out = options.data, options.seeds, options.out
    fields = split_data(read_data(data, options.pixel_size_um), split, budget.cells)
    comparison = DetectionComparison(
        title=f"Three detectors of Wang et al. 2021 on {', '.join(d.name for d in data)}{budget.suffix}",
        notes=_notes(fields, split, seeds, pretrained=_is_pretrained(budget.recipe)),
        rows=chosen,
        floor=FLOOR,
        run=options.record(NAME, split=split),
    )
    total, trials = len(seeds) * len(chosen), list[DetectionTrial]()
    for seed in seeds:
        body = yield from pretrained_steps(fields, budget, seed, options.trials)
        for name, row in chosen.items():
            recipe = recipe_for(row, budget, seed, len(fields.train)).model_copy(update=body)
            key = TrialKey(name, f"seed {seed}")
            run = trial_steps(fields, recipe, options.trials, key, watched=WATCHED)
            trials.append((yield from nest_steps(run, len(trials), total, str(key))))
            comparison = replace(comparison, trials=tuple(trials))
            comparison.write(out)
            yield Progress(len(trials), total, f"{key}: AP {trials[-1].overall['AP']:.3f}", comparison)
    first = {chosen[t.row].label: t.weights for t in trials[: len(chosen)]}
    yield Progress(total, total, "drawing boxes")
    draw_boxes(first, sample_fields(fields.val, _SHOWN), out / "boxes.png")
    return comparison


def pretrained_steps(
    fields: TrainingData, budget: Budget[DetectionTraining], seed: int, trials: Path
) -> Steps[Mapping[str, object]]:
    """Teach a ResNet to name crops of single cells, once for all rows of a seed; return how recipes start from it.

    Nothing changes in them where the budget has no such pretraining.

    Raises
    ------
    TrainingError
        If the folder holds one by another recipe, or on other images.
    """
    recipe = recipe_for(ROWS[FLOOR.row], budget, seed, len(fields.train))
    if not _is_pretrained(recipe):
        return {}
    new = NewWeights(trials / f"pretrained, seed {seed}", "pretrained")
    file = new.folder / f"{new.name}.json"
    keep_recipe(recipe, new.folder, fields.sha256)
    if not file.exists():
        network = yield from nest_steps(initialise_steps(fields, recipe, new.folder), 0, 1, f"pretraining, seed {seed}")
        write_card(save_weights(network, fields.classes, recipe, new))
    return {"start": str(file), "start_with": "body", "pretraining_epochs": 0}


def _is_pretrained(recipe: DetectionTraining) -> bool:
    return recipe.pretraining_epochs > 0 and recipe.start is None


def recipe_for(row: NetworkRow, budget: Budget[DetectionTraining], seed: int, images: int) -> DetectionTraining:
    """Return the recipe of a row; the paper's iterations where the budget is the paper's."""
    recipe = budget.recipe
    network = recipe.network.model_copy(update={"network": row.network, **row.options})
    epochs = recipe.epochs if budget.cells else ITERATIONS * recipe.batch / images
    return recipe.model_copy(update={"network": network, "seed": seed, "epochs": epochs})


def split_data(fields: TrainingData, split: TestSplit, images: int | None) -> TrainingData:
    """Return what is trained and tested on: `images` of the training images, drawn at random, or all for None."""
    train, test = fields.train, fields.val
    if split == "paper":
        every = (*train, *test)
        order = np.random.default_rng(0).permutation(len(every))
        held = max(1, round(TESTED * len(every)))
        test, train = _taken(every, order[:held]), _taken(every, order[held:])
    if images is not None and images < len(train):
        train = sample_fields(train, images)
    return TrainingData(train, test, fields.classes)


def _taken(fields: Sequence[Detections], order: np.ndarray) -> tuple[Detections, ...]:
    return tuple(fields[int(i)] for i in order)


def _notes(fields: TrainingData, split: TestSplit, seeds: Sequence[int], *, pretrained: bool) -> tuple[str, ...]:
    taught = ", which learned to name crops of single cells and was never inside a detector" if pretrained else ""
    drawn = " Images were drawn at random: pictures of one patient may be on both sides." if split == "paper" else ""
    notes = [
        f"{len(fields.train):,} images to train on, {len(fields.val):,} to test on, {len(fields.classes)} classes. The "
        f"weights after the last step are tested; nothing was chosen on the images they are tested on.{drawn}",
        f"All rows have the same images, steps and rates, and those of a seed start from one ResNet{taught}. 'Boxes "
        "not moved' are the same weights, whose agents take no step: what lies between both rows is what moving boxes "
        "does. Without the second regression, "
        "boxes stay where agents brought proposals, or where they were proposed. GFLOPs are of one training image. "
        "APS, APM and APL are of cells below 32 x 32, up to 96 x 96 and above, in pixels of the file.",
        "The paper's AP75 above its AP50 cannot be: AP falls with the overlap that is asked for. Its figures are of "
        "609 fields of its own, and no yardstick for other images.",
    ]
    if len(seeds) > 1:
        notes.append(f"Deviations are over {len(seeds)} seeds, on the same images.")
    return tuple(notes)
