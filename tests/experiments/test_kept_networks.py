"""Networks that trials have kept come back as they were; rows without one are left out."""

from pathlib import Path

import pytest
import torch

from napari_hemalens.errors import WeightsError
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.running import recipe_for
from napari_hemalens.experiments.table6_networks import ROWS, TABLES
from napari_hemalens.experiments.trial import NETWORK
from napari_hemalens.models.storage import save_network
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import task
from napari_hemalens.training.classification import build, choose_start_steps
from napari_hemalens.training.run_folder import keep_recipe


def test_a_kept_network_answers_as_it_did(tmp_path: Path) -> None:
    asked, recipe = task("micronucleus"), TABLES["paper"].budgets["ci"].recipe
    rows = {name: ROWS[name] for name in ("ours", "alexnet_light")}
    trained = recipe_for(rows["ours"], recipe, 0)
    network = build(trained, asked).eval()
    folder = TrialKey("ours", "seed 0").folder(tmp_path)
    folder.mkdir()
    keep_recipe(trained, folder, "")
    save_network(network, folder / NETWORK)

    ((name, kept),) = KeptNetworks(tmp_path, rows, asked, cases=["seed 0"]).load()
    crops = torch.rand(2, 3, 95, 95)
    with torch.inference_mode():
        torch.testing.assert_close(kept.network(crops), network(crops), atol=2e-3, rtol=0)  # kept in 16 bits
    assert (name, kept.card.network.network, kept.card.crop) == ("ours", "alexnet_attention", recipe.crop)
    assert list(KeptNetworks(tmp_path, rows, asked, cases=["seed 1"]).load()) == []


def test_a_network_that_could_not_start_from_imagenet_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise WeightsError("no internet")

    asked, recipe = task("micronucleus"), TABLES["paper"].budgets["ci"].recipe
    preferring = recipe.network.model_copy(update={"start": "imagenet_or_scratch", "batch_norm": False})
    wanted = recipe_for(ROWS["ours"], recipe.model_copy(update={"network": preferring}), 0)
    folder = TrialKey("ours", "seed 0").folder(tmp_path)
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("napari_hemalens.training.classification.build", offline)
        trained = finish(choose_start_steps(wanted, asked, folder))
    keep_recipe(trained, folder, "")
    save_network(build(trained, asked), folder / NETWORK)
    ((_, kept),) = KeptNetworks(tmp_path, {"ours": ROWS["ours"]}, asked, cases=["seed 0"]).load()
    assert kept.card.network.batch_norm
