import pytest
from pydantic import ValidationError

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError


def test_an_unknown_option_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"No option 'tyle'\. Known: weights, pixel_size_um"):
        DetectionRecipe.from_options(tyle=512)


@pytest.mark.parametrize(
    ("option", "value"),
    [("tile", 64), ("score_threshold", 1.5), ("pixel_size_um", 0), ("nms_iou", 0), ("device", "tpu")],
)
def test_a_value_out_of_range_is_refused_with_its_name_and_what_it_got(option, value):
    with pytest.raises(RecipeError, match=rf"Option '{option}' got {value!r}: "):
        DetectionRecipe.from_options(**{option: value})


def test_a_recipe_cannot_be_changed_once_made():
    with pytest.raises(ValidationError):
        DetectionRecipe().tile = 256


def test_a_recipe_comes_back_from_its_plain_values():
    recipe = DetectionRecipe.from_options(score_threshold=0.4, tissue="blood")
    assert DetectionRecipe.from_options(**recipe.model_dump()) == recipe


def test_a_recipe_is_read_from_a_file_of_lines(tmp_path):
    (tmp_path / "r.toml").write_text('tile = 512\ntissue = "blood"\n', encoding="utf-8")
    recipe = DetectionRecipe.from_toml(tmp_path / "r.toml")
    assert (recipe.tile, recipe.tissue, recipe.batch) == (512, "blood", DetectionRecipe().batch)


@pytest.mark.parametrize("content", [None, b"tile =", b"\xff\xfe"], ids=["missing", "cut", "binary"])
def test_a_file_that_is_no_recipe_is_named_in_one_sentence(tmp_path, content):
    file = tmp_path / "r.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RecipeError, match=r"Cannot read the recipe .*r\.toml: "):
        DetectionRecipe.from_toml(file)
