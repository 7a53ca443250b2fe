"""Options of a run, their ranges, and their way to plain values and back."""

import pytest

from napari_hemalens.config.options import DetectionRecipe, SegmentationRecipe
from napari_hemalens.errors import RecipeError


@pytest.mark.parametrize(
    ("option", "value"),
    [("tile", 64), ("score_threshold", 1.5), ("pixel_size_um", 0), ("nms_iou", 0), ("device", "tpu")],
)
def test_a_value_out_of_range_is_refused_with_its_name_and_what_it_got(option, value):
    with pytest.raises(RecipeError, match=rf"Option '{option}' got {value!r}: "):
        DetectionRecipe.from_options(**{option: value})


def test_a_recipe_comes_back_from_its_plain_values():
    recipe = DetectionRecipe.from_options(score_threshold=0.4, tissue="blood")
    assert DetectionRecipe.from_options(**recipe.model_dump()) == recipe


def test_a_smallest_cell_that_is_larger_than_the_largest_is_refused():
    with pytest.raises(RecipeError, match=r"^The smallest diameter of a cell is larger than the largest\.$"):
        SegmentationRecipe.from_options(smallest_um=20, largest_um=2)
    assert SegmentationRecipe.from_options(smallest_um=2, largest_um=2).largest_um == 2


def test_weights_may_be_given_as_a_path(tmp_path):
    assert DetectionRecipe.from_options(weights=tmp_path / "w.safetensors").weights == str(tmp_path / "w.safetensors")
