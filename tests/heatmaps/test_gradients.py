"""Gradients are those of their papers, written out."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn
from torch.nn import functional

from napari_hemalens.errors import RecipeError
from napari_hemalens.heatmaps.gradients import (
    GRADIENTS,
    GradientInputs,
    grad_cam,
    gradient_heatmap,
    integrated_gradients,
)
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.heads import Maps
from napari_hemalens.models.preprocess import normalised

Cards = Callable[..., ClassifierCard]
Networks = Callable[[ClassifierCard], CellClassifier]
Pixels = Callable[..., Tensor]

WHERE = (slice(8, 16), slice(16, 24))
"""What `Looker` looks at, of images of 32 x 32."""


class Looker(nn.Module):
    """A head that scores the first class by the light in one square, and the second by nothing."""

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        light = stages[-1][:, :3, *WHERE].mean(dim=(1, 2, 3))
        return torch.stack([light, torch.zeros_like(light)], dim=1), {}


class Curved(nn.Module):
    """A head that is nowhere linear, smooth, and different for each class."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
        return self.second(self.first(stages[-1][:, :3]).tanh().mean(dim=(2, 3)) ** 2), {}


def asked(
    network: CellClassifier, pixels: Tensor, *targets: int, light: int = 3, empty: float = -2.0
) -> GradientInputs:
    images = normalised(pixels)
    lit = images[:, :light].clone().requires_grad_()
    return GradientInputs(network, "a network", lit, images[:, light:], torch.tensor(targets), empty)


@pytest.mark.parametrize("name", ["alexnet_attention", "resnet18", "googlenet", "mobilenet_v2"])
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_grad_cam_is_the_papers_formula(name: str, stage: int, card: Cards, network: Networks, pixels: Pixels) -> None:
    """Selvaraju et al., (1) and (2), with the gradient taken through the whole network, image by image."""
    built, images = network(card(name, side=96)), normalised(pixels(3, 3, 96))
    targets = [1, 0, 1]
    logits, maps = grad_cam(built, images, lambda _: torch.tensor(targets), stage=stage)
    for image, target, found in zip(images, targets, maps, strict=True):
        kept: dict[str, Tensor] = {}
        hook = built.stages[stage].register_forward_hook(lambda _m, _i, out, kept=kept: kept.update(features=out))
        scores = built(image[None])
        hook.remove()
        (slope,) = torch.autograd.grad(scores[0, target], kept["features"])
        height, width = slope.shape[-2:]
        alphas = slope[0].sum(dim=(1, 2)) / (height * width)
        map_ = sum(alpha * feature for alpha, feature in zip(alphas, kept["features"][0], strict=True)).clamp(min=0)
        expected = functional.interpolate(map_[None, None], size=(96, 96), mode="bilinear")[0, 0].detach()
        torch.testing.assert_close(found, expected, atol=1e-3 * float(expected.max()), rtol=0)
    torch.testing.assert_close(logits, built(images).detach())


def test_grad_cam_is_that_of_captum(card: Cards, network: Networks, pixels: Pixels) -> None:
    built, images = network(card("resnet18", side=96)), normalised(pixels(2, 3, 96))
    _, maps = grad_cam(built, images, lambda _: torch.tensor([0, 1]))
    theirs = LayerGradCam(built, built.stages[-1]).attribute(images, torch.tensor([0, 1]), relu_attributions=True)
    expected = functional.interpolate(theirs, size=(96, 96), mode="bilinear")[:, 0]
    torch.testing.assert_close(maps, expected.detach(), atol=1e-6, rtol=1e-4)


def test_guided_backpropagation_passes_back_only_what_speaks_for_the_class(tiny: Callable[..., Any]) -> None:
    """Of two paths to the score, the one whose slope is negative behind its rectifier is cut."""

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
            lit = self.relu(stages[-1][:, :3])
            score = 3 * lit[:, 0].mean(dim=(1, 2)) - 5 * lit[:, 1].mean(dim=(1, 2))
            return torch.stack([score, -score], dim=1), {}

    crop = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    crop[0, 0, :, 16:] = 0  # below the rectifier's threshold: nothing passes
    network = tiny(Head())
    heatmap = gradient_heatmap(asked(network, crop, 0), "guided-backpropagation")
    torch.testing.assert_close(heatmap[0, :, :16], torch.full((32, 16), 3 / 32**2))
    assert heatmap[0, :, 16:].eq(0).all()
    against = gradient_heatmap(asked(network, crop, 1), "guided-backpropagation")
    torch.testing.assert_close(against, torch.full((1, 32, 32), 5 / 32**2))


def test_guided_grad_cam_is_the_product_of_both(card: Cards, network: Networks, pixels: Pixels) -> None:
    built, crops = network(card("resnet18", side=96)), pixels(2, 3, 96)
    of = asked(built, crops, 0, 1)
    _, maps = grad_cam(built, normalised(crops), lambda _: of.targets)
    torch.testing.assert_close(
        gradient_heatmap(of, "guided-grad-cam"), gradient_heatmap(of, "guided-backpropagation") * maps
    )


def test_saliency_is_the_largest_slope_of_any_channel(card: Cards, network: Networks, pixels: Pixels) -> None:
    built = network(card("resnet18"))
    of = asked(built, pixels(2, 3, 64), 1, 0)
    scores = built(of.light)
    (slopes,) = torch.autograd.grad(scores[0, 1] + scores[1, 0], of.light)
    torch.testing.assert_close(gradient_heatmap(of, "saliency"), slopes.abs().amax(dim=1))


def test_integrated_gradients_add_up_to_what_the_image_changes(tiny: Callable[..., Any], pixels: Pixels) -> None:
    """Sundararajan et al., completeness: the sum is F(x) - F(empty)."""
    network = tiny(Curved())
    of = asked(network, pixels(3, 3, 32), 0, 1, 0)
    with torch.no_grad():
        change = network(of.light) - network(torch.full_like(of.light, of.empty))
    added = integrated_gradients(of).sum(dim=(1, 2, 3))
    torch.testing.assert_close(added, change.gather(1, of.targets[:, None])[:, 0], atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients", "saliency"])
def test_heat_is_where_a_network_looks_that_looks_at_one_square(
    tiny: Callable[..., Any], pixels: Pixels, method: str
) -> None:
    of = asked(tiny(Looker()), pixels(2, 3, 32).clamp(min=1), 0, 0)
    heatmap = gradient_heatmap(of, method)
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[WHERE] = True
    reach = torch.nn.functional.max_pool2d(inside[None].float(), 7, 1, 3)[0].bool()  # a patch of 4 lies half outside
    assert heatmap[:, inside].min() > 0
    assert heatmap[:, ~reach].eq(0).all()
    assert heatmap[:, inside].mean() > 2 * heatmap[:, reach & ~inside].mean()


def test_what_a_patch_takes_is_measured_in_odds(tiny: Callable[..., Any], pixels: Pixels) -> None:
    of = asked(tiny(Looker()), pixels(1, 3, 32), 0)
    logits = of.model(of.light, of.masks)
    expected = logits[:, 0] - logits[:, 1]
    torch.testing.assert_close(of.odds(of.light, of.masks), torch.stack([expected, -expected], dim=1))


def test_masks_are_seen_but_get_no_heat_and_stay_as_they_are(tiny: Callable[..., Any], pixels: Pixels) -> None:
    """The score is light times mask: heat is of light alone, and nothing but light is ever made empty."""
    seen = []

    class Head(nn.Module):
        def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
            seen.append(stages[-1][:, 1:])
            score = (stages[-1][:, 0] * stages[-1][:, 1]).mean(dim=(1, 2))
            return torch.stack([score, -score], dim=1), {}

    crops = pixels(1, 3, 32)
    crops[:, 1:] = 255 * (crops[:, 1:] > 127)
    for method in ("saliency", "integrated-gradients", "occlusion"):
        of = asked(tiny(Head()), crops, 0, light=1)
        heatmap = gradient_heatmap(of, method)
        assert heatmap.shape == (1, 32, 32)
        assert heatmap.max() > 0
        for masks in seen:
            assert (masks == of.masks).all()
        seen.clear()


@pytest.mark.parametrize("name", ["googlenet", "mobilenet_v2", "alexnet_attention", "eca_vgg16_half"])
def test_every_rectifier_of_the_compared_networks_is_in_reach(
    name: str, card: Cards, network: Networks, pixels: Pixels
) -> None:
    heatmap = gradient_heatmap(asked(network(card(name)), pixels(1, 3, 64), 0), "guided-backpropagation")
    assert heatmap.isfinite().all()


@pytest.mark.parametrize("rectify", [functional.relu, torch.relu, functional.silu, functional.relu6])
def test_a_rectifier_that_escapes_hooks_is_refused_and_named(
    rectify: Callable[[Tensor], Tensor], tiny: Callable[..., Any], pixels: Pixels
) -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
            return self.relu(rectify(stages[-1])).mean(dim=(2, 3))[:, :2], {}

    for method in ("guided-backpropagation", "guided-grad-cam"):
        with pytest.raises(RecipeError, match=r"of a network: of its 2 rectifiers, hooks reach 1.*occlusion need none"):
            gradient_heatmap(asked(tiny(Head()), pixels(1, 3, 32), 0), method)
    assert gradient_heatmap(asked(tiny(Head()), pixels(1, 3, 32), 0), "saliency").max() >= 0


def test_a_network_that_does_not_rectify_is_refused_too(tiny: Callable[..., Any], pixels: Pixels) -> None:
    with pytest.raises(RecipeError, match="of its 0 rectifiers, hooks reach 0"):
        gradient_heatmap(asked(tiny(Curved()), pixels(1, 3, 32), 0), "guided-backpropagation")


def test_a_rectifier_of_at_most_six_is_guided_like_any_other(tiny: Callable[..., Any]) -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU6()

        def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Maps]:
            lit = self.act(5 * stages[-1])
            score = lit[:, 0].sum(dim=(1, 2)) - lit[:, 1].sum(dim=(1, 2))
            return torch.stack([score, -score], dim=1), {}

    crop = torch.full((1, 3, 32, 32), 160, dtype=torch.uint8)  # 2.5 after the factor
    crop[0, 0, 16:] = 255  # 10: above six
    network = tiny(Head())
    heatmap = gradient_heatmap(asked(network, crop, 0), "guided-backpropagation")
    torch.testing.assert_close(heatmap[0, :16], torch.full((16, 32), 5.0))
    assert heatmap[0, 16:].eq(0).all()
    assert isinstance(network.head.act, nn.ReLU6)


@pytest.mark.parametrize("method", [*GRADIENTS, "grad-cam"])
def test_a_network_is_left_as_it_was(method: str, card: Cards, network: Networks, pixels: Pixels) -> None:
    built = network(card("mobilenet_v2"))
    before = {name: value.clone() for name, value in built.state_dict().items()}
    asks = [parameter.requires_grad for parameter in built.parameters()]
    if method == "grad-cam":
        grad_cam(built, normalised(pixels(1, 3, 64)), lambda _: torch.tensor([0]))
    else:
        gradient_heatmap(asked(built, pixels(1, 3, 64), 0), method)
    assert [parameter.requires_grad for parameter in built.parameters()] == asks
    assert all(parameter.grad is None for parameter in built.parameters())
    assert all(torch.equal(value, before[name]) for name, value in built.state_dict().items())
    for module in built.modules():
        assert not module.training
        assert not {*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks}
