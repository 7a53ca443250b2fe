from pathlib import Path

import pytest

from napari_hemalens.config.presets import CLASSIFICATION, DETECTION, training_recipe
from napari_hemalens.errors import RecipeError


@pytest.mark.parametrize("presets", [DETECTION, CLASSIFICATION])
def test_every_preset_is_found_by_name(presets) -> None:
    for name, recipe in presets.items():
        assert training_recipe(name, presets=presets) == recipe


def test_a_classifier_has_recipes_of_its_own() -> None:
    recipe = training_recipe("wei-2022", ["network.network=vgg16_attention", "crop.side=64"], presets=CLASSIFICATION)
    assert (recipe.network.network, recipe.crop.side, recipe.gamma) == ("vgg16_attention", 64, 2)
    with pytest.raises(RecipeError, match=r"No recipe 'marrow-laptop'\. Known: micronucleus"):
        training_recipe("marrow-laptop", presets=CLASSIFICATION)


def test_few_cells_of_ones_own_classes_are_passed_over_more_often() -> None:
    own = CLASSIFICATION["own"]
    assert own.least_steps > own.warmup_steps  # 8 epochs of 17 cells are 8 steps, all of them warm-up
    assert own.model_copy(update={"least_steps": 0}) == CLASSIFICATION["nucleated"]


def test_options_change_a_preset_also_inside() -> None:
    recipe = training_recipe("marrow-laptop", ["epochs=3", "network.backbone=resnet50", "seed=7"], presets=DETECTION)
    assert (recipe.epochs, recipe.network.backbone, recipe.seed) == (3, "resnet50", 7)
    assert recipe.network.size == "laptop"


def test_a_toml_file_is_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('epochs = 2\n[network]\nnetwork = "faster_rcnn"\n', encoding="utf-8")
    recipe = training_recipe(str(tmp_path / "mine.toml"), presets=DETECTION)
    assert (recipe.epochs, recipe.network.network) == (2, "faster_rcnn")


def test_a_toml_file_changes_the_recipe_that_it_names(tmp_path: Path) -> None:
    file, smoke = tmp_path / "mine.toml", training_recipe("smoke", presets=DETECTION)
    file.write_text('recipe = "smoke"\nepochs = 3\n[network]\nsize = "full"\n', encoding="utf-8")
    recipe = training_recipe(str(file), ["batch=4"], presets=DETECTION)
    network = smoke.network.model_copy(update={"size": "full"})
    assert recipe == smoke.model_copy(update={"epochs": 3, "batch": 4, "network": network})
    file.write_text('recipe = "smoek"\n', encoding="utf-8")
    with pytest.raises(RecipeError, match=r"No recipe 'smoek'\. Known: fine-tune"):
        training_recipe(str(file), presets=DETECTION)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("yolo", [], "No recipe 'yolo'. Known: fine-tune, .*or a .toml file"),
        ("smoke", ["epoch=3"], "No option 'epoch'. Known: "),
        ("smoke", ["batch=0"], "Option 'batch' got 0: "),
        ("smoke", ["network.size=huge"], "Option 'network.size' got 'huge'"),
        ("smoke", ["netwrk.size=full"], "No option 'netwrk'. Known: batch, "),
        ("smoke", ["network.sice=full"], "No option 'sice' in network. Known: network, backbone, size"),
        ("smoke", ["network.refinement.mov=1"], "No option 'mov' in network.refinement. Known: moves, "),
        ("smoke", ["epochs.most=3"], "Option 'epochs' has no options of its own; got 'epochs.most=3'"),
        ("smoke", ["network=resnet18"], "Option 'network' got 'resnet18'; it has options of its own: network.network,"),
        ("missing.toml", [], "Cannot read the recipe missing.toml"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(name: str, options: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        training_recipe(name, options, presets=DETECTION)
