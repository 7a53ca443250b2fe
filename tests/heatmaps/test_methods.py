"""Every network says which methods it has, without being built."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.heatmaps.methods import best_of, maps_of, method_of, methods_of, name_of, resolve_recipe, target_of
from napari_hemalens.models import weights
from napari_hemalens.models.attention.cbam import SpatialAttention
from napari_hemalens.models.attention.eca import ECA
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CLASSIFIERS, CellClassifier

Cards = Callable[..., ClassifierCard]
LARGE = ("vgg16", "vgg16_attention", "eca_vgg16", "resnet50", "resnet50_attention", "msa_net", "alexnet")


def named(network: str, kind: str) -> list[str]:
    return [method.name for method in methods_of(ClassifierRecipe(network=network)) if method.kind == kind]


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in CLASSIFIERS])
def test_the_table_lists_the_attention_that_the_network_has(
    name: str, card: Cards, network: Callable[[ClassifierCard], CellClassifier], pixels: Callable[..., Tensor]
) -> None:
    built = network(card(name))
    with torch.inference_mode():
        _, maps = built.attend(pixels(1, 3, 64).float())
    expected = [name_of(layer) for layer in maps]
    expected += ["attention"] if len(maps) > 1 else []
    expected += [f"cbam-{n + 1}" for n in range(sum(isinstance(m, SpatialAttention) for m in built.modules()))]
    assert named(name, "attention") == expected
    blocks = sum(isinstance(module, ECA) for module in built.modules())
    assert named(name, "features") == (["eca-1", "eca-1-without", "eca-2", "eca-2-without"] if blocks else [])


def test_own_attention_comes_first_and_gradients_are_of_every_network() -> None:
    names = [method.name for method in methods_of(ClassifierRecipe(network="alexnet_attention"))]
    assert names[:3] == ["layer-5", "layer-6", "attention"]
    assert names[3:] == [method.name for method in methods_of(ClassifierRecipe(network="vgg16"))]
    assert {"grad-cam", "guided-grad-cam", "saliency", "integrated-gradients", "occlusion"} < set(names)


def test_maps_of_places_are_the_first_of_a_networks_own() -> None:
    assert [method.name for method in maps_of("alexnet_attention")] == ["layer-5", "layer-6", "attention"]
    assert maps_of("resnet18_cbam") == maps_of("alexnet_light") == ()


def test_a_method_that_the_network_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(RecipeError, match=r"No heatmap 'layer-5' of resnet18. Known: grad-cam, .*occlusion\."):
        method_of(ClassifierRecipe(network="resnet18"), "layer-5")


def test_an_unknown_class_is_refused_with_those_that_are_known(card: Cards) -> None:
    assert target_of(card("resnet18"), "predicted") is None
    assert target_of(card("resnet18"), "none") == 1
    with pytest.raises(RecipeError, match=r"No class 'blast' .* Known: predicted, micronucleus, none\."):
        target_of(card("resnet18"), "blast")


@pytest.mark.parametrize(
    ("network", "options", "best"),
    [
        ("alexnet_attention", {}, "layer-5"),
        ("alexnet_attention", {"heatmap": "grad-cam"}, "grad-cam"),
        ("resnet18", {"side": 224}, "grad-cam"),
        ("resnet18", {"side": 64}, "grad-cam-middle"),
        ("eca_vgg16_half", {"side": 64}, "grad-cam-middle"),
    ],
)
def test_the_default_is_what_was_measured_else_attention_else_a_gradient(
    card: Cards, network: str, options: dict[str, object], best: str
) -> None:
    of = card(network, **options)
    assert best_of(of).name == best
    assert resolve_recipe(ExplanationRecipe(), of).method == best


@pytest.mark.parametrize("name", weights.packed(ClassifierCard))
def test_packed_weights_name_a_method_that_their_network_has(name: str) -> None:
    of = weights.classifier_card(name)
    assert best_of(of) in methods_of(of.network)
