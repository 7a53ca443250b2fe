"""A trained classifier taught further, for classes of a person's own."""

from collections.abc import Sequence

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.tuning import write_card
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.models import novelty, weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.storage import load_classifier, save_network
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.cells_by_box import learn_steps, pack
from napari_hemalens.training.classification import build
from napari_hemalens.training.last_layer import refit_last_layer

_HEAD = "head."
_LARGEST_BATCH = 32
_RATE = 3e-4  # of weights that know cells already
_WARM_UP = 20  # steps
_PAST = 0.95  # of the moving average: runs are short


def recipe_for(card: ClassifierCard, cells: int, epochs: float) -> ClassifierTraining:
    """Return how weights are taught further on so many cells: their network and crops, augmentation as in training.

    Raises
    ------
    TrainingError
        If the weights look at outlines of cells, which boxes do not have.
    """
    if card.crop.needs_labels:
        raise TrainingError(
            f"The weights {card.name} look at outlines or at whole images; fine-tuning takes weights that see cells at "
            "a fixed scale, such as those of the task nucleated."
        )
    return CLASSIFICATION["nucleated"].model_copy(
        update={
            "network": card.network.model_copy(update={"start": "scratch"}),
            "crop": card.crop,
            "epochs": epochs,
            "batch": max(1, min(_LARGEST_BATCH, cells)),
            "learning_rate": _RATE,
            "warmup_steps": _WARM_UP,
            "average": _PAST,
            "workers": 0,
            "checkpoint_minutes": 0.5,
        }
    )


def fine_tune_steps(
    cells: CellTable, *, task: Task, start: ClassifierCard, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[ClassifierCard]:
    """Train weights further on cells by box; yields after every step. Resumed from the folder of `new`.

    Probabilities are calibrated, and the figures of the card measured, on the cells of 'choose' before the last layer
    learns those, too.

    Parameters
    ----------
    cells : CellTable
        Parts 'train' and 'choose'; others are left alone.
    task : Task
        The classes: of the person's own (`tasks.own_task`).
    start : ClassifierCard
        Where the network begins; classes that it knows by name keep what it knows of them.
    recipe : ClassifierTraining
        Of `recipe_for`.
    new : NewWeights
        Folder, name, and what the model card says.

    Raises
    ------
    TrainingError
        If a part has no cell.
    """
    for part in ("train", "choose"):
        if not (cells.parts == part).any():
            raise TrainingError(f"No labelled cell is in the part {part!r}: label cells of more images.")
    torch.manual_seed(recipe.seed)
    network = build(recipe, task)
    start_from(network, start, task.classes)
    yield from learn_steps(network, cells, task=task, recipe=recipe, new=new)
    yield Progress(0, 0, "fitting the last layer")
    refit_last_layer(network, cells.take(cells.parts == "train"), task=task, recipe=recipe)
    card = pack(network, cells, task=task, recipe=recipe, new=new)
    known = cells.take(np.isin(cells.parts, ["train", "choose"]))
    if not refit_last_layer(network, known, task=task, recipe=recipe):
        return card
    beside = {name: tensor for name, tensor in load_file(card.file).items() if name.startswith(novelty.PREFIX)}
    save_network(network, card.file, beside=beside)
    card = card.model_copy(update={"sha256": weights.sha256(card.file)})
    write_card(card)
    return card


@torch.no_grad()
def start_from(network: nn.Module, card: ClassifierCard, classes: Sequence[str]) -> None:
    """Fill a classifier with what trained weights know; classes that they do not know start afresh."""
    trained = load_classifier(card, torch.device("cpu")).state_dict()
    known = [(new, card.classes.index(name)) for new, name in enumerate(classes) if name in card.classes]
    for name, tensor in network.state_dict().items():
        of_classes = name.startswith(_HEAD) and tensor.ndim and len(tensor) == len(classes)
        if of_classes and len(trained[name]) == card.outputs:
            for new, old in known:
                tensor[new] = trained[name][old]
        else:
            tensor.copy_(trained[name])
