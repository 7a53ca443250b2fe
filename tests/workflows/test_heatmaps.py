"""Heatmaps are measured where it is outlined what they should point at."""

import shutil
from pathlib import Path

import pytest

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, HemaLensError, RecipeError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import CellSelection, evaluate_heatmaps_steps


@pytest.fixture
def recipe(untrained_classifier: ClassifierCard) -> ExplanationRecipe:
    return ExplanationRecipe(weights=str(untrained_classifier.file), device="cpu")


def test_a_method_that_the_network_lacks_is_refused(micronuclei: Path, recipe: ExplanationRecipe) -> None:
    with pytest.raises(RecipeError, match=r"No heatmap 'layer-5' of resnet18\. Known: grad-cam"):
        finish(evaluate_heatmaps_steps(CellSelection(micronuclei), recipe, methods=["layer-5"]))


def test_an_image_of_no_such_name_is_named(micronuclei: Path, recipe: ExplanationRecipe) -> None:
    with pytest.raises(AnnotationError, match="No image is called early-"):
        finish(evaluate_heatmaps_steps(CellSelection(micronuclei, only=["early-*"]), recipe))


def test_weights_of_another_task_are_refused(micronuclei: Path, untrained_of_fields: ClassifierCard) -> None:
    other = ExplanationRecipe(task="field", weights=str(untrained_of_fields.file), device="cpu")
    with pytest.raises(RecipeError, match="the weights untrained-of-fields answer the task field"):
        finish(evaluate_heatmaps_steps(CellSelection(micronuclei), other))


def test_data_without_outlines_is_refused(micronuclei: Path, recipe: ExplanationRecipe, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(micronuclei, bare, ignore=shutil.ignore_patterns("micronuclei"))
    with pytest.raises(HemaLensError):
        finish(evaluate_heatmaps_steps(CellSelection(bare), recipe))
