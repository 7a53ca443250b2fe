"""Training of a classifier on labelled cells: the best epoch, calibrated probabilities, weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError, WeightsError
from napari_hemalens.evaluation.class_metrics import ClassMeasures, best_threshold, class_measures, temperature
from napari_hemalens.evaluation.tuning import write_card
from napari_hemalens.formats.named_cells import NamedCells, read
from napari_hemalens.inference import device
from napari_hemalens.inference.labelled_crops import cut, labels_of
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier, build_classifier
from napari_hemalens.models.heads import SpatialAttentionHead
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.standard_colours import fit_colours
from napari_hemalens.models.storage import load_into, save_network
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.cell_crops import CellCrops
from napari_hemalens.training.datasets import Target
from napari_hemalens.training.fit import fit_steps
from napari_hemalens.training.losses import focal_loss, partial_label_loss, pointing_loss
from napari_hemalens.training.run_folder import data_hash, keep_recipe, plot_losses, read_recipe

BEST = "best.safetensors"
_BATCH = 128


class Learner(nn.Module):
    """Wrap a classifier for the training loop: maps crops and targets to losses by name."""

    def __init__(self, network: CellClassifier, recipe: ClassifierTraining) -> None:
        super().__init__()
        if recipe.point and not isinstance(network.head, SpatialAttentionHead):
            raise RecipeError(
                f"Option 'point' got {recipe.point:g}: {recipe.network.network} has no spatial attention."
            )
        self.network = network
        self.gamma = recipe.gamma if recipe.loss == "focal" else 0.0  # at 0 it is cross-entropy
        self.point = recipe.point
        self.smoothing = recipe.smoothing

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """Return the losses of crops (N, C, side, side)."""
        logits, maps = self.network.attend(images)
        if "admissible" in targets[0]:
            admissible = torch.stack([target["admissible"] for target in targets])
            return {"loss_class": partial_label_loss(logits.float(), admissible, smoothing=self.smoothing)}
        labels = torch.cat([target["labels"] for target in targets])
        losses = {"loss_class": focal_loss(logits.float(), labels, gamma=self.gamma)}
        if self.point:
            marks = torch.stack([target["marks"] for target in targets])
            losses["loss_point"] = self.point * pointing_loss(maps.values(), marks.float())
        return losses


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationCrops:
    """Cells to choose the epoch by or to measure on: crops (N, C, side, side) uint8 and class indices (N,) int64."""

    pixels: Tensor
    labels: NDArray[np.int64]

    @classmethod
    def cut(cls, fields: Sequence[NamedCells], task: Task, recipe: ClassifierTraining) -> "EvaluationCrops":
        """Cut the crops of some fields."""
        return cls(torch.cat([cut(field, recipe.crop) for field in fields]), labels_of(fields, task.classes))

    @torch.inference_mode()
    def logits(self, network: nn.Module) -> Tensor:
        """Return the logits of a network for all crops: (N, K) float32 on the CPU."""
        was, where = network.training, next(network.parameters()).device
        network.eval()
        parts = [network(normalised(part.to(where))).float().cpu() for part in self.pixels.split(_BATCH)]
        network.train(was)
        return torch.cat(parts)


def train_steps(
    data: Sequence[str | Path],
    task: Task,
    recipe: ClassifierTraining,
    new: weights.NewWeights,
) -> Steps[ClassifierCard]:
    """Train a classifier; see `workflows.train_classification_steps`."""
    train, val = ([field for folder in data for field in read(folder, split=part)] for part in ("train", "val"))
    crops = EvaluationCrops.cut(val, task, recipe)
    images = CellCrops(train, task.classes, recipe)
    recipe = yield from choose_start_steps(recipe.for_few(len(images)), task, new.folder)
    network = yield from best_epoch_steps(images, crops, task=task, recipe=recipe, out=new.folder)
    plot_losses(new.folder)
    return pack(network, crops, task=task, recipe=recipe, new=new)


def choose_start_steps(recipe: ClassifierTraining, task: Task, out: Path) -> Steps[ClassifierTraining]:
    """Return the recipe with the `start` of the run in this folder, as recipe and model card will record it.

    A resumed run keeps its start. A new one starts from ImageNet weights if the recipe prefers them and they are
    available; if not, from scratch, and then AlexNet and VGG16 get the batch normalisation without which they learn
    nothing (docs/results/classification.md).
    """
    if recipe.network.start != "imagenet_or_scratch":
        return recipe
    said, known = "", read_recipe(out)
    start = known.network.start if known else "imagenet"
    if known is None:
        try:
            build(_with_start(recipe, start), task)
        except WeightsError as error:
            said, start = f"From scratch: {error}", "scratch"
    yield Progress(0, 0, said or f"start: {start}")
    return _with_start(recipe, start)


def _with_start(recipe: ClassifierTraining, start: str) -> ClassifierTraining:
    changed = {"start": start} if start == "imagenet" else {"start": start, "batch_norm": True}
    return recipe.model_copy(update={"network": recipe.network.model_copy(update=changed)})


def best_epoch_steps(
    images: CellCrops, crops: EvaluationCrops, *, task: Task, recipe: ClassifierTraining, out: Path
) -> Steps[CellClassifier]:
    """Train on some cells; return the network of the epoch that ranks others best (AUC), or of the last."""
    if recipe.keep == "best" and recipe.average:
        raise RecipeError("An average of the weights is that of the whole run: with `average` use keep = 'last'.")
    keep_recipe(recipe, out, data_hash((), images.labels, images.pixels.numpy(), crops.labels))
    torch.manual_seed(recipe.seed)
    network = build(recipe, task)
    fit_colours(network, images.pixels[:, : recipe.crop.channels])
    an_epoch = len(images) // recipe.batch
    best = _best_so_far(out)
    for step in fit_steps(Learner(network, recipe), images, recipe, out, normalised=normalised):
        if step.done % an_epoch and step.done != step.total:
            yield step
            continue
        auc = _measure(crops.logits(network), crops, task).overall["AUC"]
        if auc > best:
            best = auc
            with writing(out / BEST) as file:
                state = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
                save_file({**state, "AUC": torch.tensor(auc)}, file)
        yield Progress(step.done, step.total, f"{step.message}, AUC {auc:.4f} (best {best:.4f})")
    if recipe.keep == "best":
        state = load_file(out / BEST)
        del state["AUC"]
        network.load_state_dict(state)
    network.views = recipe.views
    return network


def build(recipe: ClassifierTraining, task: Task) -> CellClassifier:
    """Build the network of a recipe, for the crops of the recipe and the classes of a task."""
    size = {"input_size": recipe.crop.side, "input_channels": recipe.crop.channels}
    return build_classifier(recipe.network.model_copy(update=size), len(task.classes))


def pack(
    network: CellClassifier,
    crops: EvaluationCrops,
    *,
    task: Task,
    recipe: ClassifierTraining,
    new: weights.NewWeights,
) -> ClassifierCard:
    """Save a network, choose temperature and threshold with the saved weights, and write their model card."""
    save_network(network, new.file)
    load_into(network, new.file)
    network.to(device.choose("auto"))
    logits = crops.logits(network)
    divisor = temperature(logits, torch.from_numpy(crops.labels))
    p = (logits / divisor).softmax(dim=1).numpy()
    threshold = 0.5
    if task.positive is not None:
        positive = task.classes.index(task.positive)
        threshold = round(best_threshold(p[:, positive], crops.labels == positive), 4)
    measured = class_measures(p, crops.labels, task.classes, positive=task.positive, threshold=threshold)
    card = new_card(task, recipe, new).model_copy(
        update={
            "threshold": threshold,
            "temperature": round(divisor, 4),
            "metrics": {key: round(value, 4) for key, value in measured.overall.items()} | {"cells": len(p)},
        }
    )
    write_card(card)
    return card


def new_card(task: Task, recipe: ClassifierTraining, new: weights.NewWeights) -> ClassifierCard:
    """Return the model card of trained weights before anything is measured."""
    size = {"input_size": recipe.crop.side, "input_channels": recipe.crop.channels, "start": "scratch"}
    return ClassifierCard(
        name=new.name,
        task=task.name,
        description=new.about.get("description", recipe.network.network),
        network=recipe.network.model_copy(update=size),
        views=recipe.views,
        crop=recipe.crop,
        classes=task.classes,
        positive=task.positive,
        metrics={},
        data=new.about.get("data", ""),
        licence=new.about.get("licence", ""),
        training=recipe.model_dump(mode="json"),
        sha256=weights.sha256(new.file),
        folder=new.folder,
    )


def _measure(logits: Tensor, crops: EvaluationCrops, task: Task) -> ClassMeasures:
    return class_measures(logits.softmax(dim=1).numpy(), crops.labels, task.classes, positive=task.positive)


def _best_so_far(out: Path) -> float:
    """Return the AUC of the best epoch before the run was interrupted; minus infinity if there was none."""
    file = out / BEST
    return float(load_file(file)["AUC"]) if file.exists() else float("-inf")
