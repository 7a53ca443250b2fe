"""One trial of a detector: trained and tested, or read if that was done before."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.detection import detect_all_steps, own_taxonomy
from napari_hemalens.evaluation.detection_metrics import coco_measures
from napari_hemalens.evaluation.tuning import write_card
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.models.storage import load_detector
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.training.datasets import TrainingFields
from napari_hemalens.training.detection import TrainingData, initialise_steps, save_weights, untuned_card
from napari_hemalens.training.fit import CHECKPOINT, fit_steps

_FILE = "trial.json"
_CURVE = "curve.json"
_WEIGHTS = "detector"


@dataclass(frozen=True, slots=True)
class DetectionTrial:
    """The result of one run of one row.

    Attributes
    ----------
    row, case : str
        Row of the table, and which of its runs.
    overall : mapping of str to float
        AP, AP50, AP75, APS, APM, APL, AR of the weights as loaded from their file (`metrics.coco_measures`).
    unmoved : mapping of str to float, or None
        The same with box refinement switched off, of a network that has it.
    unregressed, bare : mapping of str to float, or None
        The same without the head's own regression of boxes, with and without refinement; where proposals are moved.
    seconds_to_train, seconds_to_test : float or None
        Wall-clock time, without what the curve cost; None: training was interrupted and resumed.
    parameters : int
        Number of parameters of the network.
    gflops : float
        Multiplications and additions of one training image in evaluation, in 10^9.
    curve : tuple of (int, float)
        Step, and AP on the images that were watched.
    losses : tuple of (int, float)
        Step, and the sum of all losses.
    plan : mapping
        Recipe and images.
    folder : Path
        Folder of its weights.
    """

    row: str
    case: str
    overall: Mapping[str, float]
    unmoved: Mapping[str, float] | None
    seconds_to_train: float | None
    seconds_to_test: float
    parameters: int
    gflops: float
    curve: tuple[tuple[int, float], ...]
    losses: tuple[tuple[int, float], ...]
    plan: Mapping[str, Any]
    folder: Path
    unregressed: Mapping[str, float] | None = None
    bare: Mapping[str, float] | None = None

    @property
    def weights(self) -> DetectorCard:
        """The model card of the trained weights."""
        return weights.detector_card(self.folder / f"{_WEIGHTS}.json")


def trial_steps(
    fields: TrainingData,
    recipe: DetectionTraining,
    folder: Path,
    key: TrialKey,
    *,
    watched: int,
) -> Steps[DetectionTrial]:
    """Train and test one detector in a folder of its own; a finished trial is read from there.

    Parameters
    ----------
    fields : TrainingData
        `train` is trained on, `val` tested on.
    recipe : DetectionTraining
        Every choice of the training.
    folder : Path
        Folder of all trials.
    key : TrialKey
        Row and run.
    watched : int
        Images of `val`, drawn at random, on which AP is measured after each epoch; 0: none.

    Raises
    ------
    TrainingError
        If the folder holds a trial of another recipe or of other images.
    """
    out = key.folder(folder)
    plan = {"recipe": _planned(recipe), "images": _named(fields)}
    if (out / _FILE).exists():
        return _read(out, plan)
    afresh, start = not (out / CHECKPOINT).exists(), time.monotonic()
    network = yield from initialise_steps(fields, recipe, out)
    measuring = yield from _fit_steps(network, fields, recipe, out, watched=watched)
    seconds = time.monotonic() - start - measuring
    packed = save_weights(network, fields.classes, recipe, NewWeights(out, _WEIGHTS))
    write_card(packed)
    start = time.monotonic()
    overall = yield from _measured_steps(packed, fields)
    tested = time.monotonic() - start
    moving = recipe.network.network == "faster_rcnn_attention"
    before = moving and recipe.network.refinement.moves == "proposals"
    still = _still(packed)
    trial = DetectionTrial(
        row=key.row,
        case=key.case,
        overall=overall,
        unmoved=(yield from _measured_steps(still, fields)) if moving else None,
        unregressed=(yield from _measured_steps(packed, fields, regressed=False)) if before else None,
        bare=(yield from _measured_steps(still, fields, regressed=False)) if before else None,
        seconds_to_train=round(seconds, 1) if afresh else None,
        seconds_to_test=round(tested, 1),
        parameters=sum(p.numel() for p in network.parameters()),
        gflops=round(_gflops(network, fields, recipe), 3),
        curve=tuple((int(step), ap) for step, ap in _curve(out)),
        losses=_losses(out),
        plan=plan,
        folder=out,
    )
    with writing(out / _FILE) as file:
        file.write_text(json.dumps(_plain(trial), allow_nan=False) + "\n", encoding="utf-8")
    (out / CHECKPOINT).unlink(missing_ok=True)  # three times the weights, and of no use any more
    return _read(out, plan)


def _fit_steps(
    network: CellDetector, fields: TrainingData, recipe: DetectionTraining, out: Path, *, watched: int
) -> Steps[float]:
    """Train, and measure AP after each epoch; returns the seconds that measuring took."""
    images = TrainingFields(fields.train, fields.classes, recipe)
    epoch, measuring = len(images) // recipe.batch, 0.0
    normalised = Preprocess(recipe.network.pixel_size_um).normalised
    curve, seen = _curve(out), sample_fields(fields.val, watched)
    for step in fit_steps(network, images, recipe, out, normalised=normalised):
        yield step
        if not watched or (step.done % epoch and step.done != step.total):
            continue
        start = time.monotonic()
        card = untuned_card(fields.classes, recipe, NewWeights(out, _WEIGHTS))
        found = yield from detect_all_steps(seen, CellFinder(NetworkDetector(network.eval(), card)), DetectionRecipe())
        overall = _coco(found, seen, fields.classes)
        network.train()
        curve = [point for point in curve if point[0] < step.done] + [[step.done, round(overall["AP"], 4)]]
        with writing(out / _CURVE) as file:
            file.write_text(json.dumps(curve), encoding="utf-8")
        measuring += time.monotonic() - start
    return measuring


def _measured_steps(card: DetectorCard, fields: TrainingData, *, regressed: bool = True) -> Steps[dict[str, float]]:
    network = load_detector(card, device.choose("auto"))
    finder = CellFinder(NetworkDetector(network if regressed else without_regression(network), card))
    found = yield from detect_all_steps(fields.val, finder, DetectionRecipe())
    yield Progress(0, 0, "measuring")
    return {name: round(value, 4) for name, value in _coco(found, fields.val, fields.classes).items()}


def _coco(found: Sequence[Detections], truth: Sequence[Detections], classes: Sequence[str]) -> dict[str, float]:
    by = own_taxonomy(classes)
    overall, _ = coco_measures([f.to_taxonomy(by) for f in found], [t.to_taxonomy(by) for t in truth])
    return overall


@torch.no_grad()
def without_regression(network: CellDetector) -> CellDetector:
    """Return a detector whose head names regions and leaves their boxes where they are."""
    named = deepcopy(network)
    for changes in named.roi_heads.box_predictor.bbox_pred.parameters():
        changes.zero_()
    return named


def _still(card: DetectorCard) -> DetectorCard:
    """Return the model card of the same weights with agents that take no steps."""
    refinement = card.network.refinement.model_copy(update={"most_steps": 0})
    return card.model_copy(update={"network": card.network.model_copy(update={"refinement": refinement})})


def _gflops(network: CellDetector, fields: TrainingData, recipe: DetectionTraining) -> float:
    pixels, _ = TrainingFields(fields.train, fields.classes, recipe)[0, 0]
    at = next(network.parameters()).device
    image = Preprocess(recipe.network.pixel_size_um).normalised(pixels[None].to(at))
    network.rpn.least = 0.0  # how many regions look like cells is of the image, not of the network
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(image)
    return float(counter.get_total_flops()) / 1e9


def sample_fields(fields: Sequence[Detections], count: int) -> tuple[Detections, ...]:
    """Return `count` fields drawn at random, the same ones at each call; the first of a file are often of one class."""
    return tuple(fields[int(i)] for i in np.random.default_rng(0).permutation(len(fields))[:count])


def _curve(out: Path) -> list[list[float]]:
    file = out / _CURVE
    found: list[list[float]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def _losses(out: Path) -> tuple[tuple[int, float], ...]:
    names, *lines = (line.split(",") for line in (out / "losses.csv").read_text(encoding="utf-8").splitlines())
    total = names.index("total")
    return tuple((int(line[0]), float(line[total])) for line in lines)


def _planned(recipe: DetectionTraining) -> dict[str, Any]:
    """Return a recipe as JSON has it; what it starts from goes by its content, wherever that lies."""
    plan = recipe.model_dump(mode="json")
    if recipe.start is not None:
        card = weights.detector_card(recipe.start)
        plan["start"] = f"{card.name} {card.sha256[:12]}"
    return plan


def _named(fields: TrainingData) -> dict[str, Any]:
    digest = hashlib.sha256()
    for part in (fields.train, fields.val):
        for field in part:
            digest.update(f"{Path(field.provenance.image).name} {len(field)}\n".encode())
        digest.update(b"-")
    return {"train": len(fields.train), "test": len(fields.val), "digest": digest.hexdigest()[:16]}


def _plain(trial: DetectionTrial) -> dict[str, Any]:
    return {name: value for name, value in asdict(trial).items() if name != "folder"}


def _read(out: Path, plan: Mapping[str, Any]) -> DetectionTrial:
    kept = json.loads((out / _FILE).read_text(encoding="utf-8"))
    recipe = DetectionTraining.from_options(**kept["plan"]["recipe"])  # options added since then keep their defaults
    before = {**kept["plan"], "recipe": recipe.model_dump(mode="json")}
    if before != json.loads(json.dumps(plan)):
        what = "recipe" if before["images"] == plan["images"] else "selection of images"
        raise TrainingError(f"{out} holds a trial of another {what}; choose another folder for this one.")
    for points in ("curve", "losses"):
        kept[points] = tuple((int(step), value) for step, value in kept[points])
    return DetectionTrial(**kept, folder=out)
