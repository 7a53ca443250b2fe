from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.presets import DETECTION, training_recipe


@pytest.mark.parametrize("name", sorted(DETECTION))
def test_every_preset_is_found_by_name(name: str) -> None:
    assert training_recipe(name) == DETECTION[name]


def test_options_change_a_preset_also_inside() -> None:
    recipe = training_recipe("marrow-laptop", ["epochs=3", "network.backbone=resnet50", "seed=7"])
    assert (recipe.epochs, recipe.network.backbone, recipe.seed) == (3, "resnet50", 7)
    assert recipe.network.size == "laptop"


def test_a_toml_file_is_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('epochs = 2\n[network]\nnetwork = "faster_rcnn"\n', encoding="utf-8")
    recipe = training_recipe(str(tmp_path / "mine.toml"))
    assert (recipe.epochs, recipe.network.network) == (2, "faster_rcnn")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("yolo", [], "No recipe 'yolo'. Known: marrow-laptop, .*or a .toml file"),
        ("smoke", ["epoch=3"], "No option 'epoch'. Known: "),
        ("smoke", ["batch=0"], "Option 'batch' got 0: "),
        ("smoke", ["network.size=huge"], "Option 'network.size' got 'huge'"),
        ("missing.toml", [], "Cannot read the recipe missing.toml"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(name: str, options: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        training_recipe(name, options)
