"""A classifier learns from label images and tables, and its weights say what they can do."""

import csv
import math
from pathlib import Path
from urllib.error import URLError

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from torchvision.models import _api

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import AnnotationError, RecipeError, WeightsError
from napari_hemalens.formats.named_cells import read
from napari_hemalens.inference.classifier import NetworkClassifier, classify_steps
from napari_hemalens.inference.labelled_crops import cut
from napari_hemalens.models import weights
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.tasks import task
from napari_hemalens.slides.open import open_image
from napari_hemalens.training.cell_crops import CellCrops
from napari_hemalens.training.classification import (
    EvaluationCrops,
    best_epoch_steps,
    build,
    choose_start_steps,
    train_steps,
)
from napari_hemalens.training.fit import CHECKPOINT

TASK = task("micronucleus")
RECIPE = ClassifierTraining(
    network=ClassifierRecipe(network="resnet18"),
    crop=CropRecipe(side=64, width=2.5, light="fluorescence", neighbours="masks"),
    batch=8,
    epochs=10,
    learning_rate=0.02,
    warmup_steps=5,
    precision="32-true",
    accelerator="cpu",
    workers=0,
)


@pytest.fixture(scope="module")
def data(micronuclei: Path) -> Path:
    """Four fields to train on, and two to choose by."""
    return micronuclei


@pytest.mark.slow
def test_training_leaves_weights_that_name_cells_and_say_how_well(data: Path, tmp_path: Path) -> None:
    card = finish(train_steps([data], TASK, RECIPE, NewWeights(tmp_path, "mine", {"licence": "CC0-1.0"})))

    assert card.metrics["AUC"] > 0.9
    assert card.metrics["cells"] == 32
    assert weights.classifier_card(tmp_path / "mine.json") == card
    assert (tmp_path / "losses.csv").exists()

    (field, _) = read(data, split="val")
    network = load_classifier(card, torch.device("cpu"))
    with open_image(field.image) as slide:
        cells = CellMap.from_labels(iio.imread(field.labels))
        steps = list(classify_steps(slide, cells, NetworkClassifier(network, card), provenance=Provenance()))
        found = finish(classify_steps(slide, cells, NetworkClassifier(network, card), provenance=Provenance()))
    assert steps[-1].done == steps[-1].total == 16
    np.testing.assert_array_equal(found.ids, field.ids)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (found.class_names == field.class_names).mean() > 0.8
    assert found.counts().keys() == {"micronucleus", "none"}


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", refuse)


def starting(start: str) -> ClassifierTraining:
    return RECIPE.model_copy(update={"network": RECIPE.network.model_copy(update={"start": start})})


def start_of(steps):
    """What a run says of its start, and the recipe that it then has."""
    said = next(steps).message
    return said, finish(steps).network.start


def test_a_run_begins_from_scratch_where_imagenet_weights_are_missing(tmp_path: Path, no_connection: None) -> None:
    preferring = starting("imagenet_or_scratch")
    steps = choose_start_steps(preferring, TASK, tmp_path)
    assert next(steps).message.startswith("From scratch: Cannot load the ImageNet weights of resnet18")
    began = finish(steps).network
    assert (began.start, began.batch_norm) == ("scratch", True)  # AlexNet and VGG16 learn nothing without
    only = starting("imagenet")
    with pytest.raises(WeightsError, match="ImageNet weights of resnet18"):
        build(finish(choose_start_steps(only, TASK, tmp_path)), TASK)


@pytest.mark.slow
def test_a_run_and_its_weights_record_what_they_started_from(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_connection: None
) -> None:
    preferring = starting("imagenet_or_scratch").model_copy(update={"epochs": 1})
    card = finish(train_steps([data], TASK, preferring, NewWeights(tmp_path, "mine")))
    assert card.training["network"]["start"] == "scratch"
    asked = "a run that goes on asks for no weights"
    monkeypatch.setattr(_api, "load_state_dict_from_url", lambda *_, **__: pytest.fail(asked))
    assert finish(choose_start_steps(preferring, TASK, tmp_path)).network.start == "scratch"


def test_fewer_cells_than_a_step_takes_are_one_step_of_their_own(data: Path, tmp_path: Path) -> None:
    cells = sum(len(field.ids) for field in read(data, split="train"))
    recipe = RECIPE.model_copy(update={"batch": 1000, "epochs": 1})
    card = finish(train_steps([data], TASK, recipe, NewWeights(tmp_path, "mine")))
    assert card.training["batch"] == cells


@pytest.mark.slow
def test_a_run_that_was_stopped_keeps_its_best_epoch(data: Path, tmp_path: Path) -> None:
    short = RECIPE.model_copy(update={"epochs": 2})
    finish(train_steps([data], TASK, short, NewWeights(tmp_path, "mine")))
    best = (tmp_path / "best.safetensors").read_bytes()
    stopped = train_steps([data], TASK, RECIPE, NewWeights(tmp_path, "mine"))
    next(stopped)
    stopped.close()
    assert (tmp_path / "best.safetensors").read_bytes() == best


@pytest.mark.slow
def test_attention_learns_to_look_where_it_is_told(data: Path, tmp_path: Path) -> None:
    network = ClassifierRecipe(network="resnet18_attention")
    recipe = RECIPE.model_copy(update={"network": network, "point": 1.0, "epochs": 5, "keep": "last"})
    train, val = (read(data, split=part) for part in ("train", "val"))
    images, crops = CellCrops(train, TASK.classes, recipe), EvaluationCrops.cut(val, TASK, recipe)
    finish(best_epoch_steps(images, crops, task=TASK, recipe=recipe, out=tmp_path))
    rows = csv.DictReader((tmp_path / "losses.csv").read_text(encoding="utf-8").splitlines())
    pointed = [float(row["loss_point"]) for row in rows]
    assert pointed[-1] < 0.95 * math.log(2)  # at first a coin's


def test_a_network_without_spatial_attention_is_not_told_where_to_look(data: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"point": 1.0})
    fields = read(data, split="val")
    images, crops = CellCrops(fields, TASK.classes, recipe), EvaluationCrops.cut(fields, TASK, recipe)
    with pytest.raises(RecipeError, match="'point' got 1: resnet18 has no spatial attention"):
        finish(best_epoch_steps(images, crops, task=TASK, recipe=recipe, out=tmp_path))


def test_a_cell_that_the_label_image_lacks_is_named(data: Path) -> None:
    (field, _) = read(data, split="val")
    odd = type(field)(field.image, field.labels, np.array([99]), np.array(["none"]), np.array(["a"]))
    with pytest.raises(AnnotationError, match="has no cell 99"):
        cut(odd, RECIPE.crop)


@pytest.mark.slow
def test_the_last_epoch_is_kept_where_the_recipe_says_so(data: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 2, "keep": "last"})
    train, val = (read(data, split=part) for part in ("train", "val"))
    images, crops = CellCrops(train, TASK.classes, recipe), EvaluationCrops.cut(val, TASK, recipe)
    network = finish(best_epoch_steps(images, crops, task=TASK, recipe=recipe, out=tmp_path))
    last = torch.load(tmp_path / CHECKPOINT, weights_only=True)["network"]
    torch.testing.assert_close(network.state_dict(), {name.removeprefix("network."): v for name, v in last.items()})


def test_an_average_over_the_run_has_no_best_epoch(data: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"average": 0.9, "keep": "best"})
    train, val = (read(data, split=part) for part in ("train", "val"))
    images, crops = CellCrops(train, TASK.classes, recipe), EvaluationCrops.cut(val, TASK, recipe)
    with pytest.raises(RecipeError, match="with `average` use keep = 'last'"):
        finish(best_epoch_steps(images, crops, task=TASK, recipe=recipe, out=tmp_path))
    assert not list(tmp_path.iterdir())
