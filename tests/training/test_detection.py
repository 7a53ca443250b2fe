import csv
import json
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.presets import DETECTION, training_recipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models import weights
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.training.detection import TrainingData, learned_classes, sort_classes

SMALLEST = training_recipe(
    "smoke", ["accelerator=cpu", "pretraining_epochs=0.3", "epochs=1", "side=96"], presets=DETECTION
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rendered fields as train, and the same as val: this tests the machinery, not the network."""
    folder = tmp_path_factory.mktemp("data")
    options = {"shape": (160, 160), "pixel_size_um": 0.15, "tissue": "marrow", "seed": 1}
    finish(render_fields_steps(folder, fields=4, **options))
    (folder / "val.json").write_bytes((folder / "train.json").read_bytes())
    return folder


@pytest.mark.slow
def test_training_leaves_weights_that_detect_and_say_how_they_were_made(data: Path, tmp_path: Path) -> None:
    steps = workflows.train_detection_steps([data], SMALLEST, NewWeights(tmp_path, "mine", {"licence": "CC0-1.0"}))
    card = finish(steps)

    assert weights.detector_card(tmp_path / "mine.safetensors") == card
    assert card.training == SMALLEST.model_dump(mode="json")
    assert card.licence == "CC0-1.0"
    assert {"AP", "AP50", "images"} <= card.metrics.keys()
    assert (tmp_path / "losses.csv").exists()
    image = sorted((data / "images").iterdir())[0]
    cells = workflows.detect(image, weights=str(card.file), pixel_size_um=0.15, score_threshold=0.0)
    assert cells.provenance.sha256 == card.sha256
    assert cells.names == card.classes

    report = finish(
        workflows.evaluate_detection_steps(
            data, DetectionRecipe(weights=str(card.file)), taxonomy="wang-7", out=tmp_path / "report"
        )
    )
    assert set(report.classes) <= {"granulocyte", "erythroblast", "lymphocyte", "monocyte", "erythrocyte", "platelet"}
    written = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert written["images"] == 4
    assert "granulocyte" in report.text()


@pytest.mark.slow
def test_few_images_make_small_steps_and_enough_of_them(data: Path, tmp_path: Path) -> None:
    recipe = SMALLEST.model_copy(update={"batch": 6, "epochs": 1, "least_steps": 3, "pretraining_epochs": 0})
    card = finish(workflows.train_detection_steps([data], recipe, NewWeights(tmp_path, "mine")))
    assert card.training["batch"] == 4
    with (tmp_path / "losses.csv").open(encoding="utf-8") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)][-1] == 3


@pytest.mark.slow
def test_a_run_that_starts_from_weights_begins_with_what_they_know(data: Path, tmp_path: Path) -> None:
    options = ["accelerator=cpu", "batch=2", "epochs=0.5", "least_steps=0", "learning_rate=1e-6", "side=160"]
    recipe = training_recipe("fine-tune", options, presets=DETECTION)
    card = finish(workflows.train_detection_steps([data], recipe, NewWeights(tmp_path, "mine")))
    assert card.metrics["AP50"] > 0.7
    assert not (tmp_path / "pretraining").exists()


def test_data_without_images_to_choose_the_threshold_on_is_refused(data: Path, tmp_path: Path) -> None:
    only_train = tmp_path / "data"
    only_train.mkdir()
    (only_train / "train.json").write_bytes((data / "train.json").read_bytes())
    with pytest.raises(TrainingError, match="No part 'val' in"):
        finish(workflows.train_detection_steps([only_train], SMALLEST, NewWeights(tmp_path / "out", "mine")))


def test_a_class_without_a_cell_is_learned_only_if_the_start_knows_it() -> None:
    names = ("blast", "myelocyte", "lymphocyte", "artefact", "echinocyte")
    field = Detections.from_arrays(
        [[0, 0, 9, 9], [20, 20, 29, 29]], [1, 1], [2, 3], names=names, image_shape=(40, 40), provenance=Provenance()
    )
    fields = TrainingData((field,), (field,), names)
    of_start = learned_classes(fields, DETECTION["fine-tune"])
    assert of_start == ("myelocyte", "lymphocyte", "artefact")  # what no box shows would be counted as 0
    assert learned_classes(fields, DETECTION["marrow-laptop"]) == ("lymphocyte", "artefact")
    body = DETECTION["fine-tune"].model_copy(update={"start_with": "body"})
    assert learned_classes(fields, body) == ("lymphocyte", "artefact")
    empty = TrainingData((field.take(np.zeros(2, dtype=bool)),), (field,), names)
    with pytest.raises(TrainingError, match="no annotated cell"):
        learned_classes(empty, DETECTION["marrow-laptop"])


def test_classes_come_in_the_order_of_a_report_and_unknown_ones_last() -> None:
    assert sort_classes({"zebra", "platelet", "myelocyte", "artefact"}) == (
        "myelocyte",
        "platelet",
        "artefact",
        "zebra",
    )
