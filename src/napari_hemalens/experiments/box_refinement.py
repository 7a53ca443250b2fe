"""What agents that move boxes gain, and what helps: several ways to train box refinement on one trained detector.

Wang et al., BMC Bioinformatics 22:94 (2021), train agents by reward. Here each row trains other agents, or trains them
differently, on boxes that a trained `faster_rcnn_fpn` finds on images that it was not trained on. All rows move the
same boxes of the same images, so that they differ in box refinement alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from napari_hemalens.atomic import writing
from napari_hemalens.config.networks import NetworkRecipe, RefinementRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.training import DetectionTraining, Training
from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.evaluation.detection import detect_all_steps, own_taxonomy
from napari_hemalens.evaluation.detection_metrics import coco_measures
from napari_hemalens.experiments import detection_table1 as table1
from napari_hemalens.experiments.detection_trial import DetectionTrial, trial_steps
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.options import ExperimentOptions, TrialKey
from napari_hemalens.experiments.refinement_report import RefinementComparison, RefinementTrial
from napari_hemalens.experiments.refinement_variants import ROWS, RefinementVariant, move_by_truth, take_best_steps
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, select_rows
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models.attention.actor_critic import matched_iou
from napari_hemalens.models.attention.box_refinement import BoxRefinement
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.cascade import CascadeBoxHead
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.models.storage import start_from
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.training.datasets import TrainingFields
from napari_hemalens.training.detection import TrainingData, read_data
from napari_hemalens.training.fit import CHECKPOINT, fit_steps
from napari_hemalens.training.frozen_features import (
    AgentLearner,
    BoxMover,
    BoxSamples,
    CachedDetector,
    CascadeLearner,
    collect_boxes_steps,
)

NAME = "box-refinement"
FLOOR = Floor("still", "AP50", 0.83)
_BASE = "faster_rcnn_fpn"
_HELD = 0.2  # of the images that the detector has not seen: rows are compared on them before they are tested


_CI = table1.BUDGETS["ci"]
_KNOWING = {
    "start": "marrow-lite",
    "start_with": "all",
    "pretraining_epochs": 0,
    "learning_rate": 1e-4,
    "side": 128,
    "network": NetworkRecipe(size="laptop", backbone="efficientnet_lite0"),
}
BUDGETS: Mapping[str, Budget[DetectionTraining]] = {
    **table1.BUDGETS,
    # After an epoch of four images, a detector that knows nothing finds nothing that could be moved.
    "ci": replace(_CI, recipe=_CI.recipe.model_copy(update=_KNOWING)),
}
"""Of the detector: those of Table 1."""

SAMPLES: Mapping[str, tuple[int, Training]] = {
    "full": (200_000, Training(batch=256, epochs=20, warmup_steps=100, decay_from=0.3, workers=0)),
    "laptop": (16_000, Training(batch=256, epochs=10, warmup_steps=50, decay_from=0.3, workers=0, precision="32-true")),
    "ci": (64, Training(batch=1, epochs=1, warmup_steps=1, workers=0, accelerator="cpu", precision="32-true")),
}
"""Boxes drawn per epoch (up to a quarter of them different boxes of one class), and how rows are trained on them."""


def box_refinement_steps(options: ExperimentOptions) -> Steps[RefinementComparison]:
    """Train one detector per seed and all rows on top of it; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are folders of annotated images with the parts train and val, in any format that
        `formats.read_annotations` reads. The detectors may be those of `detection_table1_steps`, copied into
        `options.trials`.

    Raises
    ------
    RecipeError
        If there is no such preset or row, or a row is missing the one that it starts from.
    TrainingError
        If no image is left that the detector was not trained on.
    """
    chosen, budget = select_rows(options.rows, ROWS), find_budget(options, BUDGETS)
    data, seeds, trials = options.data, options.seeds, options.trials
    for name, row in chosen.items():
        if row.starts_from and row.starts_from not in chosen:
            raise RecipeError(f"The row {name!r} starts from {row.starts_from!r}: ask for both.")
    fields, others = split_for_refinement(read_data(data, options.pixel_size_um), budget.cells)
    comparison = RefinementComparison(
        title=f"Ways to train box refinement on {', '.join(d.name for d in data)}{budget.suffix}",
        notes=_notes(fields, others, SAMPLES[options.preset]),
        labels={name: row.label for name, row in chosen.items()},
        floor=FLOOR,
        run=options.record(NAME),
    )
    total = len(seeds) * len(chosen)
    for seed in seeds:
        recipe = table1.recipe_for(table1.ROWS[_BASE], budget, seed, len(fields.train))
        key = TrialKey(_BASE, f"seed {seed}")
        base = trial_steps(fields, recipe, trials, key, watched=table1.WATCHED)
        done = len(comparison.trials)
        study = _Study((yield from nest_steps(base, done, total, str(key))), fields, others, preset=options.preset)
        for name, row in chosen.items():
            run = study.row_steps(name, row, trials)
            trial = yield from nest_steps(run, len(comparison.trials), total, f"{name}, seed {seed}")
            comparison = replace(comparison, trials=(*comparison.trials, trial))
            comparison.write(options.out)
            yield Progress(len(comparison.trials), total, f"{name}, seed {seed}: AP {trial.overall['AP']:.4f}")
    return comparison


def split_for_refinement(fields: TrainingData, images: int | None) -> tuple[TrainingData, tuple[Detections, ...]]:
    """Return the detector's training and test images, and unseen images on which box refinement is trained.

    Of all images to train on `images`, drawn at random as in `detection_table1`; None: all but a fifth.
    """
    base = table1.split_data(fields, "val", images or max(1, round((1 - _HELD) * len(fields.train))))
    seen = {id(f) for f in base.train}
    left = [f for f in fields.train if id(f) not in seen]
    # Files often come class by class: a held-out part of the first ones would be of other cells than the rest.
    others = tuple(left[int(i)] for i in np.random.default_rng(0).permutation(len(left)))
    if not others:
        raise TrainingError("All images are trained on; none is left to learn from what the detector does on new ones.")
    return base, others


class _Study:
    """One trained detector, its features of all images, and the rows trained on top of it."""

    def __init__(
        self, base: DetectionTrial, fields: TrainingData, others: tuple[Detections, ...], *, preset: str
    ) -> None:
        self.base, self.fields = base, fields
        self.card = base.weights
        self.most, self.training = SAMPLES[preset]
        held = max(1, round(_HELD * len(others)))
        self.parts = {"held": others[:held], "unseen": others[held:] or others, "seen": fields.train}
        self.detector = _as_refining(self.card)
        self.replayed = CachedDetector(self.detector)
        self._samples: dict[str, BoxSamples] = {}

    @property
    def seed(self) -> int:
        """Seed of the detector and of what is trained on top of it."""
        return int(self.base.plan["recipe"]["seed"])

    def row_steps(self, name: str, row: RefinementVariant, folder: Path) -> Steps[RefinementTrial]:
        """Train and test one row in a folder of its own; a finished trial is read from there."""
        out = folder / f"{name}, seed {self.seed}"
        training = self.training.model_copy(update={**row.training, "seed": self.seed})
        plan = {
            "base": self.card.sha256,
            "boxes": self.most,
            "variant": row.plain(),
            "training": training.model_dump(mode="json"),
        }
        if (out / RefinementTrial.FILE).exists():
            return RefinementTrial.read(out, plan)
        mover = yield from self._mover_steps(row, training, out, folder)
        held = yield from self._held_steps(row, mover)
        self.replayed.mover = mover
        finder = CellFinder(NetworkDetector(self.replayed, self.card))
        found = yield from detect_all_steps(self.fields.val, finder, DetectionRecipe())
        if row.kind == "oracle":
            found = tuple(move_by_truth(f, t, row.refinement) for f, t in zip(found, self.fields.val, strict=True))
        by = own_taxonomy(self.fields.classes)
        overall, _ = coco_measures([f.to_taxonomy(by) for f in found], [t.to_taxonomy(by) for t in self.fields.val])
        trial = RefinementTrial(name, self.seed, {k: round(v, 4) for k, v in overall.items()}, held, plan)
        trial.write(out)
        (out / CHECKPOINT).unlink(missing_ok=True)
        return trial

    def _mover_steps(
        self, row: RefinementVariant, training: Training, out: Path, folder: Path
    ) -> Steps[BoxMover | None]:
        if row.kind in {"still", "oracle"}:
            return None
        found = yield from self._sample_steps("seen" if row.seen else "unseen")
        samples = found.draw_balanced(self.most, self.seed)
        channels, grid = samples.features.shape[1], samples.features.shape[2]
        torch.manual_seed(self.seed)
        learner: AgentLearner | CascadeLearner
        if row.kind == "cascade":
            learner = CascadeLearner(CascadeBoxHead(channels, hidden=row.refinement.hidden, grid=grid))
        else:
            learner = AgentLearner(BoxRefinement(channels, row.refinement, grid=grid), row.refinement)
        if row.starts_from:
            learner.load_state_dict(load_file(folder / f"{row.starts_from}, seed {self.seed}" / _FILE))
        yield from fit_steps(learner, samples, training, out, normalised=Tensor.float)
        learner.eval()
        with writing(out / _FILE) as file:
            save_file({name: tensor.contiguous() for name, tensor in learner.state_dict().items()}, file)
        return learner

    def _held_steps(self, row: RefinementVariant, mover: BoxMover | None) -> Steps[dict[str, float]]:
        """Return the mean IoU of boxes on cells before and after, and the share that moved, on held-out images."""
        samples = yield from self._sample_steps("held")
        ends = samples.boxes
        if row.kind == "oracle":
            ends = take_best_steps(samples.boxes, samples.truth, row.refinement)
        elif mover is not None:
            ends = mover.move_boxes(samples.features.float(), samples.boxes, samples.windows)
        before, after = (matched_iou(boxes, samples.truth) for boxes in (samples.boxes, ends))
        changed = (ends != samples.boxes).any(dim=1)
        share = 1 / samples.labels.bincount().clamp(min=1)[samples.labels].float()  # of each class the same
        figures = {"IoU before": before, "IoU": after, "IoU >= 0.75": after >= 0.75, "moved": changed}
        return {name: round(float((value * share).sum() / share.sum()), 4) for name, value in figures.items()}

    def _sample_steps(self, part: str) -> Steps[BoxSamples]:
        if part not in self._samples:
            kept = self.base.plan["recipe"]
            plain = {"mosaic": 0.0, "zoom": 1.0, "stain": 0.0, "light": 0.0}  # as in use, but for turns and flips
            recipe = DetectionTraining.from_options(**{**kept, **plain})
            images = TrainingFields(self.parts[part], self.fields.classes, recipe)
            normalised = Preprocess(recipe.network.pixel_size_um).normalised
            self._samples[part] = yield from collect_boxes_steps(
                self.detector, images, normalised=normalised, most=self.most // 4
            )
        return self._samples[part]


_FILE = "mover.safetensors"


def _as_refining(card: DetectorCard) -> CellDetector:
    """Return the same detector with untrained agents and a bottom-up path that adds nothing."""
    recipe: NetworkRecipe = card.network.model_copy(
        update={"network": "faster_rcnn_attention", "refinement": RefinementRecipe()}
    )
    network = build_detector(recipe.model_copy(update={"start": "scratch"}), len(card.classes))
    start_from(network, card, recipe, card.classes)
    return network.eval().to(device.choose("auto"))


def _notes(fields: TrainingData, others: Sequence[Detections], samples: tuple[int, Training]) -> tuple[str, ...]:
    most, training = samples
    return (
        f"For each seed one {_BASE} is trained on {len(fields.train):,} images, as in {table1.NAME}. Rows learn from "
        f"{most:,} boxes, as many of each class, that it finds on cells of other images ({len(others):,}, of which a "
        f"fifth is held out), in {training.epochs:g} epochs; nothing else of the detector learns. AP is of "
        f"{len(fields.val):,} images that neither has seen; on them nothing was chosen. Gains are of the same boxes "
        "not moved, by seed.",
        "IoU: of boxes on cells of held-out images, after moving, a mean over classes. Moved: share of boxes that "
        "changed.",
    )
