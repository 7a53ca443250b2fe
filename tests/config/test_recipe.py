"""Whatever is wrong with options is one sentence."""

import pytest
from pydantic import ValidationError

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError


def test_an_unknown_option_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"No option 'tyle'\. Known: weights, pixel_size_um"):
        DetectionRecipe.from_options(tyle=512)


def test_a_recipe_cannot_be_changed_once_made():
    with pytest.raises(ValidationError):
        DetectionRecipe().tile = 256


def test_a_recipe_is_read_from_a_file_of_lines(tmp_path):
    (tmp_path / "r.toml").write_text('tile = 512\ntissue = "blood"\n', encoding="utf-8")
    recipe = DetectionRecipe.from_toml(tmp_path / "r.toml")
    assert (recipe.tile, recipe.tissue, recipe.batch) == (512, "blood", DetectionRecipe().batch)


@pytest.mark.parametrize("content", [None, b"tile =", b"\xff\xfe"], ids=["missing", "cut", "binary"])
def test_a_file_that_is_no_recipe_is_named_in_one_sentence(tmp_path, content):
    file = tmp_path / "r.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RecipeError, match=r"Cannot read the recipe .*r\.toml: (?!\[Errno)"):
        DetectionRecipe.from_toml(file)
