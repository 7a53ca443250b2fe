"""What is asked of an image whose cells are explained says what of it can be shared."""

from pathlib import Path

import pytest

from napari_hemalens.config.options import ExplanationRecipe, SegmentationRecipe
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.explained_images import ExplainedImages
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity


def asked(recipe: ExplanationRecipe, folder: Path, labels: Path | None = None) -> ExplainedImages:
    run = RunIdentity("explain", {}, {})
    batch = start_batch([Path("a.tif")], ResultsFolder(folder), run, endings=(), tables=())
    return ExplainedImages([recipe], SegmentationRecipe(), [labels], batch)


def test_cells_of_a_classifier_are_shared_block_by_block(untrained_classifier: ClassifierCard, tmp_path: Path) -> None:
    of_cells = asked(ExplanationRecipe(weights=str(untrained_classifier.file), method="grad-cam"), tmp_path)
    assert of_cells.blocks is of_cells


@pytest.mark.parametrize("task", ["field", "detection"])
def test_fields_and_boxes_are_for_one_worker(task: str, tmp_path: Path) -> None:
    assert asked(ExplanationRecipe(task=task, method="own"), tmp_path).blocks is None


def test_labels_are_written_where_no_file_of_the_user_has_them(tmp_path: Path) -> None:
    recipe = ExplanationRecipe(method="grad-cam")
    assert asked(recipe, tmp_path).endings == (".grad-cam.tif", ".grad-cam.png", ".labels.tif")
    assert asked(recipe, tmp_path, Path("a.labels.tif")).endings == (".grad-cam.tif", ".grad-cam.png")
    parted = recipe.model_copy(update={"relabel": True})
    assert ".labels.tif" in asked(parted, tmp_path, Path("a.labels.tif")).endings
