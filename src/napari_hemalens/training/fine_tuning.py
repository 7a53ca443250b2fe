"""A trained classifier taught further, for classes of a person's own."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import Views
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.starts import row_of_class
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.records.taxonomy import known_as
from napari_hemalens.training.cells_by_box import learn_steps, pack
from napari_hemalens.training.classification import build
from napari_hemalens.training.table_crops import shares_drawn

_HEAD = "head."
_LARGEST_BATCH = 32
_RATE = 3e-4  # of weights that know cells already
_WARM_UP = 20  # steps
_PAST = 0.95  # of the moving average: runs are short


def recipe_for(card: ClassifierCard, cells: int, epochs: float, views: Views = 1) -> ClassifierTraining:
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
            "views": views,
            "workers": 0,
            "checkpoint_minutes": 0.5,
        }
    )


def fine_tune_steps(
    cells: CellTable, *, task: Task, start: ClassifierCard, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[ClassifierCard]:
    """Train weights further on cells by box; yields after every step. Resumed from the folder of `new`.

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
    treat_alike(network, shares_drawn(cells.take(cells.parts == "train"), task))
    yield Progress(0, 0, "calibrating on the cells held out")
    return pack(network, cells, task=task, recipe=recipe, new=new)


@torch.no_grad()
def treat_alike(network: nn.Module, shares: Tensor) -> None:
    """Take off a classifier's logits what it learned of how frequent classes are.

    A person labels some classes rarely. So that their few cells are not learned by heart, training draws them less
    often than others, and a network that learns from so few leans to the frequent ones. Where all are drawn alike,
    nothing changes. Menon et al. 2021, *Long-tail learning via logit adjustment*, equation 9 with tau = 1.

    Parameters
    ----------
    network : Module
        Trained; its last biases are changed in place.
    shares : (K,) Tensor
        How often it was shown each class (`table_crops.shares_drawn`); one that it never saw keeps its bias.
    """
    bias = network.get_parameter(_HEAD + "linear.bias")
    bias.sub_(torch.where(shares > 0, shares, 1.0).log().to(bias))


@torch.no_grad()
def start_from(network: nn.Module, card: ClassifierCard, classes: Sequence[str]) -> None:
    """Fill a classifier with what trained weights know; classes that they know by no name start afresh.

    One that includes several known ones begins as their mean (`records.taxonomy.known_as`).
    """
    trained = load_classifier(card, torch.device("cpu")).state_dict()
    known = {new: known_as(name, card.classes) for new, name in enumerate(classes)}
    for name, tensor in network.state_dict().items():
        of_classes = name.startswith(_HEAD) and tensor.ndim and len(tensor) == len(classes)
        if of_classes and len(trained[name]) == card.outputs:
            for new, those in known.items():
                if those:
                    tensor[new] = row_of_class(trained[name][list(those)], is_bias=name == f"{_HEAD}linear.bias")
        else:
            tensor.copy_(trained[name])
