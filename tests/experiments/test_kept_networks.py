"""Networks that trials have kept come back as they were; rows without one are left out."""

from pathlib import Path

import torch

from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.running import recipe_for
from napari_hemalens.experiments.table6_networks import ROWS, TABLES
from napari_hemalens.experiments.trial import NETWORK
from napari_hemalens.models.storage import save_network
from napari_hemalens.records.tasks import task
from napari_hemalens.training.classification import build


def test_a_kept_network_answers_as_it_did(tmp_path: Path) -> None:
    asked, recipe = task("micronucleus"), TABLES["paper"].budgets["ci"].recipe
    rows = {name: ROWS[name] for name in ("ours", "alexnet_light")}
    network = build(recipe_for(rows["ours"], recipe, 0), asked).eval()
    folder = TrialKey("ours", "seed 0").folder(tmp_path)
    folder.mkdir()
    save_network(network, folder / NETWORK)

    ((name, kept),) = KeptNetworks(tmp_path, rows, recipe, asked, cases=["seed 0"]).load()
    crops = torch.rand(2, 3, 95, 95)
    with torch.inference_mode():
        torch.testing.assert_close(kept.network(crops), network(crops), atol=2e-3, rtol=0)  # kept in 16 bits
    assert (name, kept.card.network.network, kept.card.crop) == ("ours", "alexnet_attention", recipe.crop)
    assert list(KeptNetworks(tmp_path, rows, recipe, asked, cases=["seed 1"]).load()) == []
