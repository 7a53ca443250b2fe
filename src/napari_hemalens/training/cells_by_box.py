"""Training of a classifier on a table of cells from several laboratories: weights, calibration, novelty, model card."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.evaluation.class_metrics import temperature
from napari_hemalens.evaluation.laboratories import NamedTable, name_table_steps
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.models import weights
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.novelty import Novelty
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.storage import load_into, save_network
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.classification import Learner, build
from napari_hemalens.training.fit import fit_steps
from napari_hemalens.training.run_folder import keep_recipe, plot_losses
from napari_hemalens.training.table_crops import TableCrops, admissible, thinned, unlearned

TABLE = "cells.csv"
_BATCH = 128
_WITHIN = 0.95  # share of the cells held out that lie nearer than a novelty of 1


def train_steps(
    data: Sequence[str | Path], task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[weights.ClassifierCard]:
    """Train a classifier on `cells.csv` of some folders; see `workflows.train_classification_steps`.

    Raises
    ------
    RecipeError
        If the recipe keeps the best epoch: no epoch is chosen here.
    TrainingError
        If no cell is left to train on, or none to calibrate by.
    """
    if recipe.keep == "best":
        raise RecipeError("Cells by box are trained to the last epoch: keep = 'last'.")
    cells = CellTable.join([cell_table.read(Path(folder) / TABLE) for folder in data])
    cells = cells.take(~np.isin(cells.laboratories, recipe.without))
    train, choose = (cells.take(cells.parts == part) for part in ("train", "choose"))
    if not len(train) or not len(choose):
        raise TrainingError("Cells are needed in both parts, train and choose (the column `part`).")
    keep_recipe(recipe, new.folder)
    yield Progress(0, 0, f"cutting {len(train):,} cells")
    images = TableCrops(train, task, recipe)
    torch.manual_seed(recipe.seed)
    network = build(recipe, task)
    yield from fit_steps(Learner(network, recipe), images, recipe, new.folder, normalised=normalised)
    plot_losses(new.folder)
    return (yield from pack_steps(network, cells, task=task, recipe=recipe, new=new))


def pack_steps(
    network: CellClassifier, cells: CellTable, *, task: Task, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[weights.ClassifierCard]:
    """Save a network; calibrate its probabilities and its novelty on the cells of `choose`, and measure it there."""
    train, choose = (cells.take(cells.parts == part) for part in ("train", "choose"))
    save_network(network, new.file)
    load_into(network, new.file)  # all figures are those of the network as loaded
    network.eval()
    yield Progress(0, 0, "placing the training cells")
    train = train.take(thinned(train, recipe.most))
    _, placed = _looked_at(network, train, recipe)
    labels = admissible(train, task)
    known = labels.sum(dim=1) == 1
    novelty = Novelty.fit(placed[known], labels[known].int().argmax(dim=1))
    logits, held_out = _looked_at(network, choose, recipe)
    certain = admissible(choose, task)
    one = certain.sum(dim=1) == 1
    divisor = temperature(logits[one], certain[one].int().argmax(dim=1))
    far = float(novelty.distance(held_out[one]).quantile(_WITHIN))
    novelty = Novelty(novelty.centre, novelty.whiten, novelty.means, far)
    save_network(network, new.file, beside=novelty.tensors())
    card = new_card(task, recipe, new, temperature=round(divisor, 4))
    card = card.model_copy(update={"unlearned": unlearned(labels, task)})
    classifier = NetworkClassifier(network, card, novelty)
    measured = yield from name_table_steps(classifier, choose, task)
    card = card.model_copy(update={"metrics": overall(measured), "laboratories": by_laboratory(measured, train)})
    with writing(new.file.with_suffix(".json")) as file:
        file.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return card


def new_card(
    task: Task, recipe: ClassifierTraining, new: weights.NewWeights, *, temperature: float
) -> weights.ClassifierCard:
    """Return the model card of trained weights before they are measured."""
    size = {"input_size": recipe.crop.side, "input_channels": recipe.crop.channels, "start": "scratch"}
    return weights.ClassifierCard(
        name=new.name,
        task=task.name,
        description=new.about.get("description", recipe.network.network),
        network=recipe.network.model_copy(update=size),
        crop=recipe.crop,
        classes=task.classes,
        positive=task.positive,
        temperature=temperature,
        metrics={},
        data=new.about.get("data", ""),
        licence=new.about.get("licence", ""),
        training=recipe.model_dump(mode="json"),
        sha256=weights.sha256(new.file),
        folder=new.folder,
    )


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
