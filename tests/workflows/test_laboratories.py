"""Weights are measured by laboratory with one call, and refused where they are of no classifier."""

from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import AnnotationError, WeightsError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish


def recipe_of(weights: str | Path) -> ClassificationRecipe:
    return ClassificationRecipe(weights=str(weights), device="cpu")


def test_any_part_of_a_table_can_be_measured_and_nothing_is_written(
    cells_by_box: Path, nucleated: ClassifierCard
) -> None:
    before = sorted(cells_by_box.iterdir())
    report = finish(workflows.evaluate_laboratories_steps(cells_by_box, recipe_of(nucleated.file), split="val"))
    assert (report.part, len(report.named), report.laboratories) == ("val", 24, ("east", "north"))
    assert sorted(cells_by_box.iterdir()) == before


def test_a_detector_and_a_folder_without_a_table_are_refused(
    cells_by_box: Path, tmp_path: Path, nucleated: ClassifierCard
) -> None:
    with pytest.raises(WeightsError, match="marrow-lite do not classify them"):
        finish(workflows.evaluate_laboratories_steps(cells_by_box, recipe_of("marrow-lite")))
    with pytest.raises(AnnotationError, match=r"has no cells\.csv: `hemalens prepare`"):
        finish(workflows.evaluate_laboratories_steps(tmp_path, recipe_of(nucleated.file)))


@pytest.mark.parametrize("name", ["micronucleus-attention", "leukocyte-types", "field-rcan"])
def test_weights_that_look_at_more_than_boxes_are_refused(cells_by_box: Path, name: str) -> None:
    with pytest.raises(WeightsError, match=f"{name} look at more than .*evaluate classification"):
        finish(workflows.evaluate_laboratories_steps(cells_by_box, recipe_of(name)))
