"""Own attention is what the network itself used."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_hemalens.heatmaps.attention_maps import attention
from napari_hemalens.heatmaps.methods import methods_of
from napari_hemalens.heatmaps.scaling import unit
from napari_hemalens.models.attention.cbam import CBAM
from napari_hemalens.models.attention.eca import ECA
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.folding import folded_classifier
from napari_hemalens.models.preprocess import normalised

Cards = Callable[..., ClassifierCard]
Networks = Callable[[ClassifierCard], CellClassifier]


def enlarged(maps: Tensor, side: int) -> Tensor:
    return functional.interpolate(maps[:, None], size=(side, side), mode="bilinear", align_corners=False)[:, 0]


def test_maps_are_those_of_the_network_enlarged(card: Cards, network: Networks, pixels: Callable[..., Tensor]) -> None:
    built, images = network(card("alexnet_attention", side=96)), normalised(pixels(3, 3, 96))
    with torch.inference_mode():
        logits, maps = built.attend(images)
    for method, layer in (("layer-5", "layer 5"), ("layer-6", "layer 6")):
        found, heatmap = attention(built, images, method)
        torch.testing.assert_close(found, logits)
        torch.testing.assert_close(heatmap, enlarged(maps[layer], 96))
    _, both = attention(built, images, "attention")
    torch.testing.assert_close(both, (enlarged(maps["layer 5"], 96) + enlarged(maps["layer 6"], 96)) / 2)


def test_features_of_eca_are_means_over_channels_before_and_after_it(
    card: Cards, network: Networks, pixels: Callable[..., Tensor]
) -> None:
    built, images = network(card("eca_vgg16_half")), normalised(pixels(2, 3, 64))
    with torch.no_grad():
        first = built.stages[0]
        (one, two, *_) = (n for n, module in enumerate(first) if isinstance(module, ECA))
        for block, at in ((1, one), (2, two)):
            before = first[:at](images)
            after = first[at](before)
            _, heatmap = attention(built, images, f"eca-{block}-without")
            torch.testing.assert_close(heatmap, unit(enlarged(before.mean(dim=1), 64)))
            _, heatmap = attention(built, images, f"eca-{block}")
            torch.testing.assert_close(heatmap, unit(enlarged(after.mean(dim=1), 64)))
            assert not torch.allclose(before.mean(dim=1), after.mean(dim=1))


@pytest.mark.parametrize("name", ["resnet18_cbam", "resnet18_block_cbam"])
def test_maps_of_cbam_are_the_weights_of_places_in_its_blocks(
    name: str, card: Cards, network: Networks, pixels: Callable[..., Tensor]
) -> None:
    built, images = network(card(name)), normalised(pixels(2, 3, 64))
    seen: list[Tensor] = []
    blocks = [module for module in built.modules() if isinstance(module, CBAM)]
    hooks = [
        block.register_forward_hook(lambda block, given, _: seen.append(block.attend(given[0])[1])) for block in blocks
    ]
    with torch.inference_mode():
        logits = built(images)
    for hook in hooks:
        hook.remove()
    for number, expected in enumerate(seen, start=1):
        found, heatmap = attention(built, images, f"cbam-{number}")
        torch.testing.assert_close(found, logits)
        torch.testing.assert_close(heatmap, enlarged(expected, 64))


@pytest.mark.parametrize("name", ["eca_vgg16_half", "resnet18_cbam"])
def test_no_hook_is_left_behind_not_even_by_a_network_that_fails(
    name: str, card: Cards, network: Networks, pixels: Callable[..., Tensor]
) -> None:
    of = card(name)
    built = network(of)
    for method in methods_of(of.network):
        if method.kind in {"attention", "features"}:
            attention(built, normalised(pixels(1, 3, 64)), method.name)
            with pytest.raises(ValueError, match="channels"):
                attention(built, normalised(pixels(1, 4, 64)), method.name)
    assert hooks(built) == 0


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


@pytest.mark.parametrize(
    ("name", "method"),
    [("resnet18_attention", "layer-2"), ("resnet18_block_cbam", "cbam-3"), ("resnet18_block_eca", "eca-1-without")],
)
def test_maps_are_the_same_without_batch_normalisation(
    name: str, method: str, card: Cards, network: Networks, pixels: Callable[..., Tensor]
) -> None:
    built, images = network(card(name)), normalised(pixels(2, 3, 64))
    for found, wanted in zip(
        attention(folded_classifier(built), images, method), attention(built, images, method), strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)
