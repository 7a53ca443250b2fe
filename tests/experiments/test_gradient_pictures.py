"""Networks that were kept are shown side by side on one field of each class."""

from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from napari_hemalens.experiments import gradient_pictures
from napari_hemalens.experiments.fields import BUDGETS, ROWS, crop_recipe_for
from napari_hemalens.experiments.gradient_pictures import draw_gradients, methods_for
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.running import recipe_for
from napari_hemalens.experiments.trial import NETWORK
from napari_hemalens.models.storage import save_network
from napari_hemalens.records.tasks import task
from napari_hemalens.training.classification import EvaluationCrops, build
from napari_hemalens.training.run_folder import keep_recipe

ASKED = task("field")
RECIPE = BUDGETS["ci"].recipe.model_copy(update={"crop": crop_recipe_for("fields", "as_is", 64)})
SHOWN = {name: ROWS[name] for name in ("mobilenet_v2", "residual_channel_attention", "alexnet_light")}


@pytest.fixture
def crops() -> EvaluationCrops:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 255, (12, 3, 64, 64), generator=generator, dtype=torch.uint8)
    return EvaluationCrops(pixels, np.repeat(np.arange(4), 3))


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    """Networks of two of three rows, untrained."""
    for name in list(SHOWN)[:2]:
        torch.manual_seed(0)
        folder = TrialKey(name, "seed 0").folder(tmp_path / "trials")
        folder.mkdir(parents=True)
        recipe = recipe_for(SHOWN[name], RECIPE, 0)
        keep_recipe(recipe, folder, "")
        save_network(build(recipe, ASKED), folder / NETWORK)
    return tmp_path / "trials"


def draw(crops: EvaluationCrops, trials: Path, out: Path) -> Path:
    draw_gradients(crops, KeptNetworks(trials, SHOWN, ASKED, cases=["seed 0"]), out)
    return out


def test_a_row_is_drawn_for_each_network_that_was_kept(crops: EvaluationCrops, trials: Path, tmp_path: Path) -> None:
    both = iio.imread(draw(crops, trials, tmp_path / "both.png")).shape
    (TrialKey("mobilenet_v2", "seed 0").folder(trials) / NETWORK).unlink()
    one = iio.imread(draw(crops, trials, tmp_path / "one.png")).shape
    assert both[0] - one[0] == pytest.approx(0.92 * 90, abs=1)
    assert both[1] == one[1]


def test_networks_look_at_the_field_in_the_middle_of_each_class(
    crops: EvaluationCrops, trials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    explain = gradient_pictures.explain_crops

    def noted(classifier, pixels, *, method):
        seen.append((classifier.card.name, method, pixels))
        return explain(classifier, pixels, method=method)

    monkeypatch.setattr(gradient_pictures, "explain_crops", noted)
    draw(crops, trials, tmp_path / "a.png")
    methods = methods_for(64)
    assert [(name, method) for name, method, _ in seen] == [(name, m) for name in list(SHOWN)[:2] for m in methods]
    assert all((pixels == crops.pixels[1::3]).all() for *_, pixels in seen)


def test_a_class_that_was_not_tested_is_left_out(crops: EvaluationCrops, trials: Path, tmp_path: Path) -> None:
    without = replace(crops, labels=np.array([0] * 6 + [2] * 6))
    fewer, all_of_them = (iio.imread(draw(of, trials, tmp_path / "a.png")).shape[1] for of in (without, crops))
    assert all_of_them - fewer == pytest.approx(4 * 0.9 * 90, abs=2)


@pytest.mark.parametrize(("side", "method"), [(64, "grad-cam-middle"), (224, "grad-cam")])
def test_small_fields_are_shown_by_the_finest_map(side: int, method: str) -> None:
    assert methods_for(side) == (method, "saliency")
