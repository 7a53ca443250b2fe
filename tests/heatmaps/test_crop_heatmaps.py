"""One interface to every method: what it says of crops is what the classifier says."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.heatmaps.attention_maps import attention
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops, light_channels
from napari_hemalens.heatmaps.methods import methods_of
from napari_hemalens.heatmaps.scaling import smoothed
from napari_hemalens.inference.classifier import NetworkClassifier, probabilities_of
from napari_hemalens.inference.forward_passes import ForwardPasses
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.preprocess import normalised

Cards = Callable[..., ClassifierCard]
Networks = Callable[[ClassifierCard], CellClassifier]
Pixels = Callable[..., Tensor]

METHODS = [method.name for method in methods_of(ClassifierRecipe(network="alexnet_attention"))]


def heatmaps_of(network: CellClassifier, crops: Tensor, card: ClassifierCard, **options: object) -> Tensor:
    return explain_crops(NetworkClassifier(network, card), crops, **options).heatmaps


@pytest.mark.parametrize("method", METHODS)
def test_every_method_classifies_alike_and_gives_heatmaps_in_0_to_1(
    method: str, card: Cards, network: Networks, pixels: Pixels
) -> None:
    of = card("alexnet_attention", neighbours="masks", light="fluorescence")
    built, crops = network(of), pixels(3, 3, 64)
    seen = explain_crops(NetworkClassifier(built, of), crops, method=method)
    torch.testing.assert_close(seen.probabilities, probabilities_of(built, crops, of))
    assert seen.targets.tolist() == of.decide(seen.probabilities.numpy()).tolist()
    assert seen.heatmaps.shape == (3, 64, 64)
    assert seen.heatmaps.dtype == torch.float32
    assert 0 <= seen.heatmaps.min() <= seen.heatmaps.max() <= 1
    assert not seen.heatmaps.requires_grad


@pytest.mark.parametrize("method", ["layer-5", "grad-cam-high", "saliency", "guided-backpropagation"])
def test_a_crop_is_explained_alike_alone_and_among_others(
    method: str, card: Cards, network: Networks, pixels: Pixels
) -> None:
    of = card("alexnet_attention", side=96)
    built, crops = network(of), pixels(18, 3, 96)  # more than are kept in memory at once
    together = heatmaps_of(built, crops, of, method=method, targets="none")
    alone = torch.cat([heatmaps_of(built, crop[None], of, method=method, targets="none") for crop in crops[[0, 9, 17]]])
    torch.testing.assert_close(together[[0, 9, 17]], alone, atol=2e-3, rtol=1e-3)


def test_targets_are_those_called_or_named_or_given(card: Cards, network: Networks, pixels: Pixels) -> None:
    of = card("resnet18")
    built, crops = network(of), pixels(4, 3, 64)
    given = torch.tensor([0, 1, 1, 0])
    maps = heatmaps_of(built, crops, of, method="grad-cam-middle", targets=given)
    for target, name in enumerate(of.classes):
        every = explain_crops(NetworkClassifier(built, of), crops, method="grad-cam-middle", targets=name)
        assert every.targets.tolist() == [target] * 4
        torch.testing.assert_close(maps[given == target], every.heatmaps[given == target])
    assert not torch.allclose(maps, every.heatmaps)
    called = explain_crops(NetworkClassifier(built, of), crops, method="grad-cam-middle")
    torch.testing.assert_close(
        called.heatmaps, heatmaps_of(built, crops, of, method="grad-cam-middle", targets=called.targets)
    )


def test_own_attention_keeps_its_units_and_gradients_reach_from_0_to_1(
    card: Cards, network: Networks, pixels: Pixels
) -> None:
    of = card("alexnet_attention", side=96)
    built, crops = network(of), pixels(2, 3, 96)
    _, maps = attention(built, normalised(crops), "layer-5")
    torch.testing.assert_close(heatmaps_of(built, crops, of, method="layer-5"), maps)
    torch.testing.assert_close(heatmaps_of(built, crops, of, method="layer-5", smoothing=3), smoothed(maps, 3))
    for smoothing in (0, 3):
        heatmap = heatmaps_of(built, crops, of, method="saliency", smoothing=smoothing)
        torch.testing.assert_close(heatmap.amin(dim=(1, 2)), torch.zeros(2))
        torch.testing.assert_close(heatmap.amax(dim=(1, 2)), torch.ones(2))


def test_empty_is_black_in_fluorescence_and_white_in_a_smear(
    card: Cards, network: Networks, pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "napari_hemalens.heatmaps.crop_heatmaps.gradient_heatmap",
        lambda asked_, _: asked.append(asked_) or torch.zeros(1, 64, 64),
    )
    for light, value in (("fluorescence", 0), ("transmitted", 255)):
        of = card("resnet18", light=light, neighbours="masks")
        explain_crops(NetworkClassifier(network(of), of), pixels(1, of.crop.channels, 64), method="occlusion")
        assert asked[-1].empty == float(normalised(torch.tensor([value])))
        assert asked[-1].light.shape[1] == light_channels(of.crop) == (1 if light == "fluorescence" else 3)
        assert asked[-1].masks.shape[1] == 2


def test_a_method_that_is_not_there_is_refused(card: Cards, network: Networks, pixels: Pixels) -> None:
    of = card("resnet18")
    with pytest.raises(RecipeError, match="No heatmap 'layer-5' of resnet18"):
        heatmaps_of(network(of), pixels(1, 3, 64), of, method="layer-5")


@pytest.mark.parametrize("method", ["layer-5", "grad-cam-middle"])
def test_too_little_gpu_memory_explains_the_same_in_smaller_passes(
    method: str, card: Cards, network: Networks, pixels: Pixels
) -> None:
    of = card("alexnet_attention")
    built, crops = network(of), pixels(5, 3, 64)
    targets = torch.tensor([0, 1, 1, 0, 1])
    wanted = heatmaps_of(built, crops, of, method=method, targets=targets)

    def refuse(_: object, given: tuple[Tensor]) -> None:
        if len(given[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    built.stages[0].register_forward_pre_hook(refuse)
    classifier = NetworkClassifier(built, of)
    seen = explain_crops(classifier, crops, method=method, targets=targets)
    torch.testing.assert_close(seen.heatmaps, wanted, rtol=0, atol=1e-4)
    assert seen.targets.tolist() == targets.tolist()
    assert classifier.passes.most == 2


def test_half_precision_is_for_attention_and_leaves_gradients_as_they_are(
    card: Cards, network: Networks, pixels: Pixels
) -> None:
    of = card("alexnet_attention")
    built, crops = network(of), pixels(2, 3, 64)
    half = NetworkClassifier(built, of, passes=ForwardPasses("half"))
    for method, least, most in (("layer-5", 1e-6, 0.02), ("grad-cam-middle", 0, 0)):
        found = explain_crops(half, crops, method=method, targets="none")
        assert found.probabilities.dtype == found.heatmaps.dtype == torch.float32
        wanted = heatmaps_of(built, crops, of, method=method, targets="none")
        assert least <= (found.heatmaps - wanted).abs().max() <= most
