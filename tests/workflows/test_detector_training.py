"""Detectors are tuned and measured on annotated images; what cannot be used is refused before."""

from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.presets import CLASSIFICATION, DETECTION, training_recipe
from napari_hemalens.errors import AnnotationError, HemaLensError, TrainingError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.weights import NewWeights, detector_card
from napari_hemalens.progress import finish
from napari_hemalens.records.taxonomy import taxonomy


@pytest.fixture
def recipe(untrained: DetectorCard) -> DetectionRecipe:
    return DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu")


def test_weights_are_measured_and_the_figures_written(
    two_fields: Path, recipe: DetectionRecipe, tmp_path: Path, untrained: DetectorCard
) -> None:
    report = finish(workflows.evaluate_detection_steps(two_fields, recipe, taxonomy="blood-3", out=tmp_path / "out"))
    assert untrained.name in report.text()
    assert (tmp_path / "out" / "report.json").exists()
    assert set(report.classes) <= {"WBC", "RBC", "Platelets"}


def test_classes_are_called_as_told_before_weights_are_measured(two_fields: Path, recipe: DetectionRecipe) -> None:
    measured = finish(workflows.evaluate_detection_steps(two_fields, recipe)).classes["erythrocyte"]
    renamed = finish(workflows.evaluate_detection_steps(two_fields, recipe, classes={"erythrocyte": "my cell"}))
    assert measured["cells"] > 0
    assert renamed.classes.get("erythrocyte", {"cells": 0})["cells"] == 0
    assert renamed.left_out["my cell"] == measured["cells"]


def test_images_annotated_by_coarser_classes_are_compared_by_these(two_fields: Path, recipe: DetectionRecipe) -> None:
    by_own = finish(workflows.evaluate_detection_steps(two_fields, recipe))
    coarser = {name: meaning for name in by_own.classes if (meaning := taxonomy("blood-3").class_of(name)) is not None}
    report = finish(workflows.evaluate_detection_steps(two_fields, recipe, classes=coarser))
    assert set(report.classes) <= {"WBC", "RBC", "Platelets"}
    assert report.classes["RBC"]["cells"] == by_own.classes["erythrocyte"]["cells"]
    assert (report.left_out, report.taxonomy, by_own.taxonomy) == ({}, "blood-3", "")
    assert "compared by the classes of blood-3" in report.text()


def test_a_part_that_is_not_there_is_named(two_fields: Path, recipe: DetectionRecipe) -> None:
    with pytest.raises(AnnotationError, match="'test'"):
        finish(workflows.evaluate_detection_steps(two_fields, recipe, split="test"))


def test_the_tuned_card_lies_beside_a_copy_of_the_weights(
    two_fields: Path, recipe: DetectionRecipe, tmp_path: Path, untrained: DetectorCard
) -> None:
    card = finish(workflows.tune_detection_steps(two_fields, recipe, tmp_path / "tuned", name="ours"))
    assert card == detector_card(tmp_path / "tuned" / "ours.json")
    assert card.sha256 == untrained.sha256
    assert card.file.read_bytes() == untrained.file.read_bytes()


def test_data_without_images_to_choose_the_threshold_on_is_refused(two_fields: Path, tmp_path: Path) -> None:
    (tmp_path / "train.json").write_bytes((two_fields / "train.json").read_bytes())
    smoke = training_recipe("smoke", ["accelerator=cpu"], presets=DETECTION)
    with pytest.raises(TrainingError, match="No part 'val' in"):
        finish(workflows.train_detection_steps([tmp_path], smoke, NewWeights(tmp_path / "out", "mine")))
    with pytest.raises(HemaLensError):
        finish(workflows.train_detection_steps([tmp_path / "missing"], smoke, NewWeights(tmp_path / "out", "mine")))


def test_what_could_not_be_written_is_refused_before_data_are_read(tmp_path: Path) -> None:
    smoke = training_recipe("smoke", presets=DETECTION)
    (tmp_path / "file").touch()
    (tmp_path / "others.safetensors").touch()
    for new, said in (
        (NewWeights(tmp_path / "file", "mine"), "it is a file; choose a folder"),
        (NewWeights(tmp_path, "a/b"), "cannot be called 'a/b'"),
        (NewWeights(tmp_path, "others"), r"others\.safetensors holds other weights; choose another name or folder"),
    ):
        for steps in (
            workflows.train_detection_steps([tmp_path / "missing"], smoke, new),
            workflows.train_classification_steps(
                [tmp_path / "missing"], "all", training_recipe("smoke", presets=CLASSIFICATION), new
            ),
        ):
            with pytest.raises(HemaLensError, match=said):
                finish(steps)
    (tmp_path / "recipe.json").touch()  # of the run that wrote them
    NewWeights(tmp_path, "others").check("recipe.json")
