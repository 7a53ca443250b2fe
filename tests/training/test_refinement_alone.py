from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from napari_hemalens import workflows
from napari_hemalens.config.networks import NetworkRecipe, RefinementRecipe
from napari_hemalens.config.presets import DETECTION, training_recipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import RecipeError, WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.models.storage import load_detector
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.training.detection import save_weights
from napari_hemalens.training.refinement_alone import RefinementAlone


@pytest.mark.parametrize(
    "recipe",
    [
        NetworkRecipe(size="laptop"),
        NetworkRecipe(network="faster_rcnn_attention", size="laptop", refinement=RefinementRecipe(most_steps=0)),
    ],
)
def test_a_detector_without_agents_that_step_is_refused(recipe: NetworkRecipe) -> None:
    with pytest.raises(RecipeError, match="at least one step"):
        RefinementAlone(build_detector(recipe, classes=2))


@pytest.mark.slow
def test_packed_weights_get_agents_that_learn_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    finish(render_fields_steps(data, fields=2, shape=(160, 160), pixel_size_um=0.15, tissue="marrow", seed=1))
    (data / "val.json").write_bytes((data / "train.json").read_bytes())
    options = [
        "accelerator=cpu",
        "network.network=faster_rcnn_attention",
        "network.backbone=efficientnet_lite0",
        "start=marrow-lite",
        "learn=refinement",
        "epochs=2",
        "learning_rate=0.01",
    ]
    recipe = training_recipe("smoke", options, presets=DETECTION)
    card = finish(workflows.train_detection_steps([data], recipe, NewWeights(tmp_path / "run", "refined")))

    cells = workflows.detect(sorted((data / "images").iterdir())[0], weights=str(card.file), pixel_size_um=0.15)
    assert len(cells) > 0
    kept = {name for name in load_file(card.file) if not name.endswith(":scale")}
    assert card.base == "marrow-lite"
    assert any(".refinement." in name for name in kept)
    assert all(".refinement." in name or ".path." in name for name in kept)
    before, after = (
        load_detector(of, torch.device("cpu")).state_dict() for of in (weights.detector_card("marrow-lite"), card)
    )
    body = {name for name in before if name.startswith("backbone.body.")}
    assert body
    for name in body:
        torch.testing.assert_close(after[name.replace("backbone.", "backbone.pyramid.", 1)], before[name])


def test_weights_that_add_to_others_are_refused_once_those_have_changed(tmp_path: Path) -> None:
    packed = weights.detector_card("marrow-lite")
    recipe = NetworkRecipe(network="faster_rcnn_attention", backbone="efficientnet_lite0", size="laptop")
    training = DetectionTraining(network=recipe, start="marrow-lite", learn="refinement")
    network = build_detector(recipe, len(packed.classes))
    card = save_weights(network, packed.classes, training, NewWeights(tmp_path, "added"))
    assert card.file.stat().st_size < 2e6
    load_detector(card, torch.device("cpu"))
    with pytest.raises(WeightsError, match="add to marrow-lite as it was when they were trained"):
        load_detector(card.model_copy(update={"base_sha256": "0" * 64}), torch.device("cpu"))


def test_weights_of_classes_that_others_do_not_know_hold_everything(tmp_path: Path) -> None:
    recipe = NetworkRecipe(network="faster_rcnn_attention", backbone="efficientnet_lite0", size="laptop")
    training = DetectionTraining(network=recipe, start="marrow-lite", learn="refinement")
    card = save_weights(build_detector(recipe, 1), ("parasite",), training, NewWeights(tmp_path, "own"))
    assert card.base is None
    assert any(name.startswith("backbone.pyramid.body.") for name in load_file(card.file))
