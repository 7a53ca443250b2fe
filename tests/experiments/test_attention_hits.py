"""Of every kept map it is known how often it lies on the micronucleus, with chance beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.evaluation.heatmaps import MarkedCells
from napari_hemalens.experiments import attention_hits as module
from napari_hemalens.experiments.attention_hits import attention_hits, has_attention, hits_markdown
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.running import recipe_for
from napari_hemalens.experiments.table6_networks import ROWS, TABLES
from napari_hemalens.experiments.trial import NETWORK
from napari_hemalens.formats.named_cells import read
from napari_hemalens.heatmaps.crop_heatmaps import CropHeatmaps
from napari_hemalens.models.storage import save_network
from napari_hemalens.records.tasks import task
from napari_hemalens.training.classification import build
from napari_hemalens.training.run_folder import keep_recipe

ASKED = task("micronucleus")
RECIPE = TABLES["paper"].budgets["ci"].recipe


@pytest.fixture
def kept(tmp_path: Path) -> KeptNetworks:
    """A network with attention and one without, untrained."""
    rows = {name: ROWS[name] for name in ("alexnet_light", "ours")}
    for name, row in rows.items():
        torch.manual_seed(0)
        folder = TrialKey(name, "seed 0").folder(tmp_path)
        folder.mkdir()
        recipe = recipe_for(row, RECIPE, 0)
        keep_recipe(recipe, folder, "")
        save_network(build(recipe, ASKED), folder / NETWORK)
    return KeptNetworks(tmp_path, rows, ASKED, cases=["seed 0", "seed 1"])


def test_every_map_of_a_network_with_attention_has_its_hits(micronuclei: Path, kept: KeptNetworks) -> None:
    found = attention_hits(read(micronuclei, split="val"), kept)
    assert [(one.network, one.attention) for one in found] == [
        ("Our method", "layer 5"),
        ("Our method", "layer 6"),
        ("Our method", "all layers"),
        ("a random place in the crop", ""),
        ("a random place near the nucleus", ""),
    ]
    assert {one.cells for one in found} == {16}
    assert all(0 <= one.hits <= 16 for one in found)
    assert 0 < found[3].hits < found[4].hits  # a micronucleus lies near its nucleus


def test_a_map_on_the_micronucleus_hits_in_every_cell(
    micronuclei: Path, kept: KeptNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_marks(classifier, pixels, *, method):
        fields = [MarkedCells.from_field(field, classifier.card) for field in read(micronuclei, split="val")]
        every = MarkedCells.concatenate(fields)
        marks = torch.from_numpy(every.marks[every.truth == 0].astype(np.float32))
        return CropHeatmaps(torch.zeros(len(marks), 2), torch.zeros(len(marks)), marks)

    monkeypatch.setattr(module, "explain_crops", on_marks)
    found = attention_hits(read(micronuclei, split="val"), kept)
    assert [one.hits for one in found[:3]] == [16, 16, 16]
    assert [one.inside for one in found[:3]] == pytest.approx([1, 1, 1])
    assert "| Our method | layer 5 | 1.000 | 0.806-1.000 | 1.000 |" in hits_markdown(found)


def test_several_runs_of_a_network_are_averaged_and_each_is_told(micronuclei: Path, kept: KeptNetworks) -> None:
    once = attention_hits(read(micronuclei, split="val"), kept)
    assert "hits by run" not in hits_markdown(once)
    folder = TrialKey("ours", "seed 1").folder(kept.folder)
    folder.mkdir()
    torch.manual_seed(1)
    keep_recipe(recipe := recipe_for(ROWS["ours"], RECIPE, 1), folder, "")
    save_network(build(recipe, ASKED), folder / NETWORK)
    found = attention_hits(read(micronuclei, split="val"), kept)
    other = attention_hits(read(micronuclei, split="val"), replace(kept, cases=["seed 1"]))
    for both, first, second in zip(found[:3], once[:3], other[:3], strict=True):
        assert both.hits == pytest.approx((first.hits + second.hits) / 2)
        assert both.inside == pytest.approx((first.inside + second.inside) / 2)
        assert both.runs == (first.share, second.share)
    assert found[3:] == once[3:]
    assert f"{found[0].runs[0]:.3f}, {found[0].runs[1]:.3f} |" in hits_markdown(found)


def test_networks_without_attention_have_nothing_to_look_up(micronuclei: Path, kept: KeptNetworks) -> None:
    (TrialKey("ours", "seed 0").folder(kept.folder) / NETWORK).unlink()
    assert attention_hits(read(micronuclei, split="val"), kept) == ()
    assert [name for name, row in ROWS.items() if has_attention(row)] == [
        "vgg16_attention",
        "googlenet_attention",
        "resnet50_attention",
        "msa_net",
        "ours_cross_entropy",
        "ours",
    ]
