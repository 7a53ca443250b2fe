from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.models.storage import (
    load_classifier,
    load_detector,
    load_into,
    load_novelty,
    save_network,
    start_body_from,
    start_from,
)
from napari_hemalens.records.tasks import task


def test_weights_come_back_to_a_127th_of_each_channels_largest(tmp_path: Path) -> None:
    torch.manual_seed(0)
    saved, loaded = (nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)) for _ in range(2))
    save_network(saved, tmp_path / "a.safetensors")
    load_into(loaded, tmp_path / "a.safetensors")
    largest = saved[0].weight.abs().amax(dim=(1, 2, 3), keepdim=True)
    error = (saved[0].weight - loaded[0].weight).abs() / largest
    assert 0 < error.max() <= 0.5 / 127 + 1e-6
    torch.testing.assert_close(loaded[0].bias, saved[0].bias, rtol=0, atol=0)


def test_a_file_takes_a_byte_a_weight(tmp_path: Path) -> None:
    network = nn.Linear(400, 300)
    save_network(network, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 1.1 * 400 * 300


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_network(nn.Linear(4, 3), tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="weights of another network"):
        load_into(nn.Linear(5, 3), tmp_path / "a.safetensors")


def test_a_detector_is_loaded_ready_to_run_and_kept(untrained: DetectorCard) -> None:
    network = load_detector(untrained, torch.device("cpu"))
    assert not network.training
    assert load_detector(untrained, torch.device("cpu")) is network


def test_a_file_that_was_exchanged_is_not_loaded(untrained: DetectorCard) -> None:
    with untrained.file.open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match="damaged or was exchanged"):
        load_detector(untrained, torch.device("cpu"))


def test_a_missing_file_is_named(untrained: DetectorCard) -> None:
    untrained.file.unlink()
    with pytest.raises(WeightsError, match=r"untrained\.safetensors is missing"):
        weights.verify(untrained)


def test_new_classes_start_from_what_the_weights_know_of_the_old_ones(untrained: DetectorCard) -> None:
    before = load_detector(untrained, torch.device("cpu"))
    kept, classes = untrained.classes[2], ("blast", untrained.classes[2])
    network = build_detector(untrained.network, len(classes))
    fresh = network.roi_heads.box_predictor.cls_score.weight[1].clone()
    start_from(network, untrained, untrained.network, classes)
    old, new = before.roi_heads.box_predictor, network.roi_heads.box_predictor
    row = untrained.classes.index(kept) + 1
    for layer, numbers in (("cls_score", 1), ("bbox_pred", 4)):
        was, now = (getattr(p, layer).weight.unflatten(0, (-1, numbers)) for p in (old, new))
        torch.testing.assert_close(now[[0, 2]], was[[0, row]], rtol=0, atol=0)
    torch.testing.assert_close(new.cls_score.weight[1], fresh, rtol=0, atol=0)
    torch.testing.assert_close(network.backbone.state_dict(), before.backbone.state_dict(), rtol=0, atol=0)


def test_a_class_starts_from_what_is_known_of_it_by_another_name(untrained: DetectorCard) -> None:
    assert {"lymphocyte", "erythrocyte"} < set(untrained.classes)
    nucleated = [i + 1 for i, name in enumerate(untrained.classes) if name not in {"erythrocyte", "platelet"}]
    network = build_detector(untrained.network, 2)
    start_from(network, untrained, untrained.network, ("RBC", "white blood cells"))
    new, old = (
        each.roi_heads.box_predictor.cls_score.weight
        for each in (network, load_detector(untrained, torch.device("cpu")))
    )
    torch.testing.assert_close(new[1], old[untrained.classes.index("erythrocyte") + 1])
    torch.testing.assert_close(new[2], old[nucleated].mean(dim=0))


def test_weights_of_another_kind_of_network_are_no_start(untrained: DetectorCard) -> None:
    full = untrained.network.model_copy(update={"size": "full"})
    with pytest.raises(WeightsError, match=r"are of .* size laptop; the recipe asks for .* size full"):
        start_from(build_detector(full, 2), untrained, full, ("a", "b"))


@pytest.mark.parametrize(
    "grown", [{"network": "faster_rcnn_attention"}, {"network": "faster_rcnn_cascade"}, {"bottom_up": True}]
)
def test_a_pyramid_with_a_new_path_and_agents_finds_the_same_at_first(
    untrained: DetectorCard, grown: dict[str, Any]
) -> None:
    before = load_detector(untrained, torch.device("cpu"))
    recipe = untrained.network.model_copy(update={**grown, "refinement": RefinementRecipe(most_steps=0)})
    network = build_detector(recipe, len(untrained.classes))
    start_from(network, untrained, recipe, untrained.classes)
    images = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found, expected = network.eval()(images)[0], before(images)[0]
    assert len(found["boxes"]) == len(expected["boxes"]) > 0
    # Untrained, a network gives many cells the same score, and a rounding error puts them in another order.
    cells, those = (
        torch.cat([x["boxes"], x["labels"][:, None], x["scores"][:, None]], dim=1) for x in (found, expected)
    )
    apart = torch.cdist(cells, those, compute_mode="donot_use_mm_for_euclid_dist")
    assert apart.amin(dim=0).max() < 1e-3
    assert apart.amin(dim=1).max() < 1e-3


CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["leukocyte", "all"])
def test_weights_of_nucleated_cells_answer_by_the_sums_of_their_classes(nucleated: ClassifierCard, name: str) -> None:
    asked = nucleated.for_task(task(name))
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        fine, coarse = (
            (load_classifier(card, CPU)(images) / card.temperature).softmax(dim=1) for card in (nucleated, asked)
        )
        assert load_classifier(nucleated, CPU)(images).shape == (3, 12)  # what stays in memory is as it was
    sums = torch.stack([fine[:, list(of)].sum(dim=1) for of in asked.members], dim=1)
    torch.testing.assert_close(coarse, sums / sums.sum(dim=1, keepdim=True))
    assert not load_classifier(asked, CPU).training


def test_tensors_beside_a_network_come_back_as_they_were(nucleated: ClassifierCard) -> None:
    novelty = load_novelty(nucleated, CPU)
    assert novelty is not None
    assert novelty.far == 2.5
    assert len(novelty.whiten.unique()) > 1000  # not at 8 bits
    assert load_novelty(nucleated.for_task(task("all")), CPU) is not None
    scaled = load_novelty(nucleated.model_copy(update={"novelty_scale": 1.2}), CPU)
    assert scaled is not None
    assert scaled.far == pytest.approx(3)  # by the card, whatever was loaded before


def test_weights_without_novelty_have_none(untrained_classifier: ClassifierCard) -> None:
    assert load_novelty(untrained_classifier, CPU) is None


def test_the_body_of_a_detector_starts_another_of_the_same_kind(untrained: DetectorCard) -> None:
    recipe = untrained.network.model_copy(update={"network": "faster_rcnn_cascade"})
    network = build_detector(recipe, 2)
    start_body_from(network, untrained, recipe)
    body = load_detector(untrained, CPU).backbone.body
    torch.testing.assert_close(network.backbone.body.state_dict(), body.state_dict(), rtol=0, atol=0)
    other = recipe.model_copy(update={"backbone": "efficientnet_lite0"})
    with pytest.raises(WeightsError, match="hold a resnet18; the recipe asks for efficientnet_lite0"):
        start_body_from(build_detector(other, 2), untrained, other)


def test_weights_are_seen_in_as_many_ways_as_their_card_says(nucleated: ClassifierCard) -> None:
    often = load_classifier(nucleated.seeing(8), CPU)
    once = load_classifier(nucleated, CPU)
    assert (often.views, once.views) == (8, 1)
    assert often.stages is once.stages  # one copy in memory
