"""Training of a classifier on a table of cells from several laboratories: weights, calibration, novelty, model card."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.evaluation.class_metrics import temperature
from napari_hemalens.evaluation.laboratories import NamedTable
from napari_hemalens.evaluation.tuning import write_card
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.novelty import Novelty
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.standard_colours import fit_colours
from napari_hemalens.models.storage import load_into, save_network
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE
from napari_hemalens.training.classification import Learner, build, new_card
from napari_hemalens.training.fit import fit_steps
from napari_hemalens.training.run_folder import data_hash, keep_recipe, plot_losses
from napari_hemalens.training.table_crops import TableCrops, admissible, thinned, unlearned

_BATCH = 128
_WITHIN = 0.95  # share of the cells held out that lie nearer than a novelty of 1, each laboratory alike


def train_steps(
    data: Sequence[str | Path], task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[ClassifierCard]:
    """Train a classifier on `cells.csv` of some folders; see `workflows.train_classification_steps`.

    The model card repeats the licences of the images, unless another is given.

    Raises
    ------
    RecipeError
        If the recipe keeps the best epoch: no epoch is chosen here.
    TrainingError
        If no cell is left to train on, or none to calibrate by.
    """
    if recipe.keep == "best":
        raise RecipeError(
            "Cells by box are trained to the last epoch: give keep = 'last' (--set keep=last), or the recipe nucleated."
        )
    cells = CellTable.join([cell_table.read_folder(folder) for folder in data])
    cells = cells.take(~np.isin(cells.laboratories, recipe.without))
    train, choose = (cells.take(cells.parts == part) for part in ("train", "choose"))
    if not len(train) or not len(choose):
        raise TrainingError("Cells are needed in both parts, train and choose (the column `part`).")
    recipe = recipe.for_few(len(train.take(thinned(train, recipe.most))))
    new = replace(new, about={"licence": cell_table.licence_of(data), **new.about})
    torch.manual_seed(recipe.seed)
    return (yield from train_network_steps(build(recipe, task), cells, task=task, recipe=recipe, new=new))


def train_network_steps(
    network: CellClassifier, cells: CellTable, *, task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[ClassifierCard]:
    """Train a network on the cells of `train`, and calibrate and measure it on those of `choose`."""
    yield from learn_steps(network, cells, task=task, recipe=recipe, new=new)
    yield Progress(0, 0, "calibrating on the cells held out")
    return pack(network, cells, task=task, recipe=recipe, new=new)


def learn_steps(
    network: CellClassifier, cells: CellTable, *, task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[None]:
    """Train a network on the cells of `train`.

    A run that was killed is resumed from its folder, whatever the network begins with.
    """
    train = cells.take(cells.parts == "train")
    learned = (train.boxes, train.class_names, train.pixel_sizes)
    keep_recipe(recipe, new.folder, data_hash(train.images, *learned))
    yield Progress(0, 0, f"cutting {len(train):,} cells")
    images = TableCrops(train, task, recipe)
    fit_colours(network, images.pixels)
    yield from fit_steps(Learner(network, recipe), images, recipe, new.folder, normalised=normalised)
    plot_losses(new.folder)


def pack(
    network: CellClassifier, cells: CellTable, *, task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> ClassifierCard:
    """Save a network; calibrate its probabilities and its novelty on the cells of `choose`, and measure it there."""
    train, choose = (cells.take(cells.parts == part) for part in ("train", "choose"))
    save_network(network, new.file)
    load_into(network, new.file)  # all figures are those of the network as loaded
    network.eval().views = recipe.views
    train = train.take(thinned(train, recipe.most))
    labels, held_out = admissible(train, task), admissible(choose, task)
    certain = held_out.sum(dim=1) == 1
    known = (labels.sum(dim=1) == 1) & ~torch.from_numpy(_rejected(train, task))
    _, placed = _looked_at(network, train, recipe)
    novelty = Novelty.fit(placed[known], kinds(train.take(known.numpy())))
    logits, placed = _looked_at(network, choose, recipe)
    sure = certain.numpy() & ~_rejected(choose, task)
    novelty = replace(novelty, far=within(novelty.distance(placed[sure]).numpy(), choose.laboratories[sure]))
    save_network(network, new.file, beside=novelty.tensors())
    novelty = replace(novelty, far=novelty.far * recipe.novelty_scale)  # as it is used with the card
    divisor = round(temperature(logits[certain], held_out[certain].int().argmax(dim=1)), 4)
    measured = NamedTable(
        choose,
        task,
        (logits / divisor).softmax(dim=1).numpy(),
        novelty.distance(placed).numpy(),
        unlearned(labels, task),
    )
    card = new_card(task, recipe, new).model_copy(
        update={
            "temperature": divisor,
            "novelty_scale": recipe.novelty_scale,
            "unlearned": measured.unlearned,
            "metrics": overall(measured),
            "laboratories": by_laboratory(measured, train),
        }
    )
    write_card(card)
    return card


def kinds(cells: CellTable) -> Tensor:
    """Return numbers (N,) of the classes of cells as each laboratory stains them."""
    _, kind = np.unique(np.stack([cells.class_names, cells.laboratories]), axis=1, return_inverse=True)
    return torch.from_numpy(kind.reshape(-1))


def within(distances: NDArray[np.float32], laboratories: NDArray[np.str_]) -> float:
    """Return the distance that 95 % of cells lie within, of distances (N,) and laboratories (N,) that count alike."""
    _, of, cells = np.unique(laboratories, return_inverse=True, return_counts=True)
    order = distances.argsort()
    share = np.cumsum(1 / cells[of][order]) / len(cells)
    return float(distances[order][min(len(order) - 1, int(np.searchsorted(share, _WITHIN)))])


def overall(measured: NamedTable) -> dict[str, Any]:
    """Return the figures of a model card."""
    figures = {
        "balanced accuracy": measured.balanced_accuracy(),
        "blast AUC": measured.blast_auc(),
        "reject AUC": measured.reject_auc(),
        "ECE": measured.calibration_error(),
        "unsure": float((measured.novelty >= 1).mean()),
    }
    return {name: round(value, 4) for name, value in figures.items() if not math.isnan(value)} | {
        "cells": len(measured)
    }


def by_laboratory(measured: NamedTable, train: CellTable) -> dict[str, dict[str, Any]]:
    """Return the figures of each laboratory, and how many of its cells were trained on."""
    found = {}
    for laboratory in np.unique(measured.cells.laboratories).tolist():
        trained = int((train.laboratories == laboratory).sum())
        found[laboratory] = {"trained on": trained, **overall(measured.of(laboratory))}
    return found


def _rejected(cells: CellTable, task: Task) -> NDArray[np.bool_]:
    """Return a mask (N,) of the cells that nobody can classify: what they look like is no kind of cell."""
    names = np.unique(cells.class_names).tolist()
    reject = [name for name in names if [task.classes[k] for k in task.admissible(name)] == [UNCLASSIFIABLE]]
    return np.isin(cells.class_names, reject)


@torch.inference_mode()
def _looked_at(network: CellClassifier, cells: CellTable, recipe: ClassifierTraining) -> tuple[Tensor, Tensor]:
    """Return logits (N, K) and embeddings (N, D) of the cells of a table, on the CPU."""
    at = next(network.parameters()).device
    parts = [network.name_and_embed(normalised(part.to(at))) for part in _crops(cells, recipe)]
    logits, embeddings = (torch.cat(column).float().cpu() for column in zip(*parts, strict=True))
    return logits.clone(), embeddings.clone()


def _crops(cells: CellTable, recipe: ClassifierTraining) -> Iterator[Tensor]:
    """Yield the crops of a table, in its order."""
    for start in range(0, len(cells), _BATCH):
        yield cut_boxes(cells.take(np.arange(start, min(len(cells), start + _BATCH))), recipe.crop)
