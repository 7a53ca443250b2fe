from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision.models import _api

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.errors import RecipeError, WeightsError
from napari_hemalens.models.detectors import DETECTORS, build_detector
from napari_hemalens.models.lite import LiteStages
from napari_hemalens.models.storage import load_into, save_network

TARGET = {"boxes": torch.tensor([[20.0, 30.0, 70.0, 90.0]]), "labels": torch.tensor([2])}


@pytest.mark.parametrize("network", sorted(DETECTORS))
def test_every_detector_learns_and_finds(network: str) -> None:
    detector = build_detector(NetworkRecipe(network=network, size="laptop"), classes=3)
    images = torch.rand(2, 3, 128, 128)

    losses = detector.train()(images, [TARGET, TARGET])
    torch.stack(list(losses.values())).sum().backward()
    with torch.inference_mode():
        found = detector.eval()(images)

    own = {"faster_rcnn_attention": {"loss_actor", "loss_critic"}, "faster_rcnn_cascade": {"loss_second"}}
    common = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    assert common | own.get(network, set()) == set(losses)
    assert all(p.grad is not None for p in detector.parameters() if p.requires_grad)
    assert len(found) == 2
    assert found[0]["boxes"].shape == (len(found[0]["scores"]), 4)
    assert bool((found[0]["scores"].diff() <= 0).all())


@pytest.mark.slow
@pytest.mark.parametrize("size", ["full", "laptop"])
@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
@pytest.mark.parametrize("network", sorted(DETECTORS))
def test_the_backbone_and_the_size_are_choices_of_every_detector(network: str, backbone: str, size: str) -> None:
    recipe = NetworkRecipe(network=network, backbone=backbone, size=size)
    with torch.inference_mode():
        found = build_detector(recipe, classes=3).eval()(torch.rand(1, 3, 96, 128))
    assert len(found) == 1
    assert set(found[0]) == {"boxes", "labels", "scores"}


def test_a_resnet_without_a_connection_says_what_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", refuse)
    with pytest.raises(WeightsError, match=r"resnet18 \(.*no route to host.*start = 'scratch' needs none"):
        build_detector(NetworkRecipe(backbone="resnet18", size="laptop", start="imagenet"), classes=3)


def test_an_unknown_detector_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        RecipeError, match=r"No detector 'yolo'. Known: faster_rcnn, faster_rcnn_fpn, faster_rcnn_attention"
    ):
        build_detector(NetworkRecipe(network="yolo"), classes=3)


@pytest.mark.parametrize("network", sorted(DETECTORS))
def test_anchors_lie_a_stride_apart_in_an_image_of_any_size(network: str) -> None:
    detector = build_detector(NetworkRecipe(network=network, size="laptop"), classes=1).eval()
    seen: list[torch.Tensor] = []
    detector.rpn.anchor_generator.register_forward_hook(lambda *call: seen.append(call[2][0]))
    with torch.inference_mode():
        found = detector(torch.rand(1, 3, 299, 203))[0]["boxes"]
    centres = (seen[0][:, :2] + seen[0][:, 2:]).unique() / 2
    finest = 16 if network == "faster_rcnn" else 8
    assert centres.remainder(finest).abs().max() < 0.6  # half a pixel: sides are whole numbers
    assert found[:, 0::2].max() <= 203
    assert found[:, 1::2].max() <= 299


def test_boxes_are_learned_to_the_pixel_in_mixed_precision() -> None:
    detector = build_detector(NetworkRecipe(size="laptop"), classes=3).train()
    seen: list[torch.Tensor] = []
    detector.roi_heads.box_roi_pool.register_forward_hook(lambda *call: seen.extend(call[1][1]))
    # It is among the proposals that the head learns from; beyond 256, half of the precision would round to 2 px.
    cell = torch.tensor([[301.3, 13.7, 371.1, 80.9]])
    with torch.autocast("cpu", torch.bfloat16):
        losses = detector(torch.rand(1, 3, 96, 384), [{"boxes": cell, "labels": torch.tensor([2])}])
    assert (seen[0] - cell).abs().amax(dim=1).min() < 1e-3
    assert {loss.dtype for loss in losses.values()} == {torch.float32}


def test_anchors_keep_their_size_in_micrometres() -> None:
    fine, coarse = (
        build_detector(NetworkRecipe(size="laptop", pixel_size_um=size), classes=1).rpn.anchor_generator.sizes
        for size in (0.1, 0.2)
    )
    for a, b in zip(fine, coarse, strict=True):
        assert a == pytest.approx([2 * side for side in b], abs=1)


def test_more_cells_than_torchvision_would_return_are_returned() -> None:
    detector = build_detector(NetworkRecipe(size="laptop"), classes=1)
    assert detector.roi_heads.detections_per_img >= 1000


@pytest.mark.parametrize("network", ["faster_rcnn_fpn", "faster_rcnn_cascade"])
def test_a_pyramid_on_lite0_learns_and_comes_back_from_its_file(network: str, tmp_path: Path) -> None:
    recipe = NetworkRecipe(network=network, backbone="efficientnet_lite0", size="laptop")
    torch.manual_seed(0)
    detector = build_detector(recipe, classes=3).train()
    torch.stack(list(detector(torch.rand(2, 3, 128, 128), [TARGET, TARGET]).values())).sum().backward()
    assert all(value.grad is not None for value in detector.parameters())
    assert [name for name, value in detector.backbone.named_parameters() if not value.grad.any()] == []
    torch.optim.SGD(detector.parameters(), lr=1e-3).step()

    save_network(detector, tmp_path / "a.safetensors")
    again = build_detector(recipe, classes=3)
    for one in (detector, again):
        load_into(one, tmp_path / "a.safetensors")
    image = torch.rand(1, 3, 128, 96)
    with torch.inference_mode():
        expected, found = (one.eval()(image)[0] for one in (detector, again))
    torch.testing.assert_close(found, expected)
    assert isinstance(again.backbone.body, LiteStages)


def test_one_feature_level_is_refused_on_lite0() -> None:
    with pytest.raises(RecipeError, match="takes a ResNet; with efficientnet_lite0 use faster_rcnn_fpn"):
        build_detector(NetworkRecipe(network="faster_rcnn", backbone="efficientnet_lite0"), classes=1)
