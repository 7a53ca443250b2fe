"""A classifier learns from a table of two laboratories, and its weights name cells of either kind of task."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens import workflows
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.evaluation.laboratories import NamedTable
from napari_hemalens.formats import cell_table
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.inference.naming import look
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import task
from napari_hemalens.slides.open import open_image
from napari_hemalens.training.cells_by_box import by_laboratory, overall, train_steps

TASK = task("nucleated")
RECIPE = ClassifierTraining(
    network=ClassifierRecipe(network="efficientnet_lite0"),
    crop=CropRecipe(side=32, width=20.0, unit="um"),
    batch=8,
    epochs=1.5,
    optimizer="adamw",
    learning_rate=1e-3,
    warmup_steps=2,
    average=0.8,
    keep="last",
    precision="32-true",
    accelerator="cpu",
    workers=0,
    checkpoint_minutes=60,
)


@pytest.fixture(scope="module")
def trained(cells_by_box: Path, tmp_path_factory: pytest.TempPathFactory) -> ClassifierCard:
    new = NewWeights(tmp_path_factory.mktemp("run"), "mine", {"licence": "CC0-1.0"})
    return finish(train_steps([cells_by_box], TASK, RECIPE, new))


def test_the_card_says_of_each_laboratory_what_was_trained_and_measured(trained: ClassifierCard) -> None:
    assert weights.classifier_card(trained.file) == trained
    assert (trained.classes, trained.licence, trained.unlearned) == (TASK.classes, "CC0-1.0", ())
    assert trained.metrics["cells"] == 24
    assert trained.metrics.keys() >= {"balanced accuracy", "blast AUC", "reject AUC", "ECE", "unsure"}
    assert {name: (of["trained on"], of["cells"]) for name, of in trained.laboratories.items()} == {
        "north": (24, 12),
        "east": (24, 12),
    }
    assert trained.network.start == "scratch"  # what is loaded needs no other weights
    assert (trained.folder / "losses.png").exists()


def test_novelty_is_calibrated_on_cells_held_out(trained: ClassifierCard, cells_by_box: Path) -> None:
    classifier = NetworkClassifier.load(trained, torch.device("cpu"))
    cells = cell_table.read(cells_by_box / "cells.csv")
    uncertain = [*TASK.broader, "unclassifiable"]
    held_out = cells.take((cells.parts == "choose") & ~np.isin(cells.class_names, uncertain))
    probabilities, novelty = look(classifier, cut_boxes(held_out, trained.crop))
    share = [
        [(novelty[held_out.laboratories == of] < limit).mean() for of in trained.laboratories]
        for limit in (0.999, 1.001)
    ]
    nearer, with_the_last = np.mean(share, axis=1)  # laboratories count alike
    assert nearer < 0.95 <= with_the_last
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    noise = torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert look(classifier, noise)[1].mean() > novelty.mean()


def test_a_killed_run_gives_the_weights_of_one_that_was_not(
    trained: ClassifierCard, cells_by_box: Path, tmp_path: Path
) -> None:
    every_step = RECIPE.model_copy(update={"checkpoint_minutes": 1e-9})
    killed = train_steps([cells_by_box], TASK, every_step, NewWeights(tmp_path, "mine"))
    for progress in killed:
        if progress.done == 4:
            break
    killed.close()
    again = finish(train_steps([cells_by_box], TASK, RECIPE, NewWeights(tmp_path, "mine")))
    assert again.sha256 == trained.sha256
    assert (again.temperature, again.metrics) == (trained.temperature, trained.metrics)


@pytest.mark.parametrize("name", ["nucleated", "leukocyte", "all"])
def test_the_weights_name_the_cells_of_labels_for_every_task(
    trained: ClassifierCard, cells_by_box: Path, name: str
) -> None:
    with open_image(cells_by_box / "north2.png") as slide:
        image = slide.read(0, 0, *slide.shape)
    labels = np.zeros(image.shape[:2], np.int32)
    labels[20:50, 20:50], labels[76:106, 76:106] = 1, 2
    found = workflows.classify(image, labels, task=name, weights=str(trained.file), pixel_size_um=0.4)
    assert found.names == task(name).classes
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    fine = workflows.classify(image, labels, task="nucleated", weights=str(trained.file), pixel_size_um=0.4)
    blast = fine.probabilities[:, TASK.classes.index("blast")] / (1 - fine.probabilities[:, -1])
    if name == "all":
        np.testing.assert_allclose(found.probabilities[:, 0], blast, rtol=1e-4)


def test_a_laboratory_that_is_left_out_is_not_trained_on(cells_by_box: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"without": ("north",), "epochs": 0.2, "novelty_scale": 1e6})
    card = finish(train_steps([cells_by_box], TASK, recipe, NewWeights(tmp_path, "mine")))
    assert (card.novelty_scale, card.metrics["unsure"]) == (1e6, 0)  # measured as it is used
    assert set(card.laboratories) == {"east"}
    assert card.unlearned == ("band_neutrophil", "segmented_neutrophil")
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["training"]["without"] == ["north"]


def test_runs_that_cannot_end_well_are_refused_at_once(cells_by_box: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="keep = 'last'"):
        finish(train_steps([cells_by_box], TASK, RECIPE.model_copy(update={"keep": "best"}), NewWeights(tmp_path, "a")))
    cells = cell_table.read(cells_by_box / "cells.csv")
    cell_table.write(cells.take(cells.parts == "train"), tmp_path / "cells.csv")
    with pytest.raises(TrainingError, match="needed in both parts, train and choose"):
        finish(train_steps([tmp_path], TASK, RECIPE, NewWeights(tmp_path / "out", "a")))


def test_fewer_cells_than_a_step_takes_are_one_step_of_their_own(cells_by_box: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"batch": 1000, "epochs": 1})
    card = finish(train_steps([cells_by_box], TASK, recipe, NewWeights(tmp_path, "mine")))
    assert card.training["batch"] == 48


def test_figures_that_are_not_defined_are_left_out(cells_by_box: Path) -> None:
    cells = cell_table.read(cells_by_box / "cells.csv")
    blasts = cells.take(cells.class_names == "blast")
    certain = np.eye(len(TASK.classes), dtype=np.float32)[np.zeros(len(blasts), int)]
    named = NamedTable(blasts, TASK, certain, np.full(len(blasts), np.nan, np.float32))
    assert overall(named) == {"balanced accuracy": 1.0, "ECE": 0.0, "unsure": 0.0, "cells": 8}
    assert by_laboratory(named, cells)["east"]["trained on"] == 48
