"""Robustness is measured on annotated images of a known scale alone."""

from pathlib import Path

import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError, HemaLensError
from napari_hemalens.progress import finish
from napari_hemalens.workflows import FieldSeries, convert_annotations, evaluate_robustness_steps

RECIPE = DetectionRecipe(device="cpu")


def test_images_without_a_scale_are_refused(two_fields: Path, tmp_path: Path) -> None:
    convert_annotations([two_fields], tmp_path, to="voc", split="train").target.rename(tmp_path / "train")
    with pytest.raises(AnnotationError, match="do not say their pixel size; give it in micrometres"):
        finish(evaluate_robustness_steps(tmp_path, RECIPE, FieldSeries(), split="train"))


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HemaLensError, match="No annotations for the split 'val'"):
        finish(evaluate_robustness_steps(tmp_path, RECIPE, FieldSeries()))


def test_fields_are_those_of_the_paper_by_default() -> None:
    assert FieldSeries() == FieldSeries(seed=0, fields=3, shape=(1920, 2560))
