"""LossNet: what it taps, what it computes, and where its gradient ends."""

import pytest
import torch
from torch import Tensor

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.loss_prediction import LossNet, LossPredictingClassifier


def built(network: str = "resnet18", **options: object) -> LossPredictingClassifier:
    torch.manual_seed(0)
    recipe = ClassifierRecipe(network=network, input_size=64, **options)
    return LossPredictingClassifier(build_classifier(recipe, 5)).eval()


def images(cells: int = 2) -> Tensor:
    return torch.randn(cells, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_each_tap_is_pooled_narrowed_rectified_and_all_are_summed_up() -> None:
    torch.manual_seed(0)
    net = LossNet([3, 5], width=2).double()
    features = [torch.randn(4, 3, 6, 6).double(), torch.randn(4, 5, 2, 3).double()]
    with torch.no_grad():
        found = net(features)
        for n in range(4):
            numbers = []
            for tap, x in zip(net.taps, features, strict=True):
                pooled = x[n].flatten(1).sum(dim=1) / x[n, 0].numel()
                numbers += [
                    max(0.0, float(row @ pooled + b)) for row, b in zip(tap[0].weight, tap[0].bias, strict=True)
                ]
            expected = sum(w * v for w, v in zip(net.score.weight[0].tolist(), numbers, strict=True))
            assert float(found[n]) == pytest.approx(expected + float(net.score.bias))


def test_the_sizes_are_those_of_the_paper() -> None:
    assert [(tap[0].in_features, tap[0].out_features) for tap in LossNet().taps] == [
        (64, 128),
        (128, 128),
        (256, 128),
        (512, 128),
    ]
    assert (LossNet().score.in_features, LossNet().score.out_features) == (512, 1)


@pytest.mark.parametrize("name", ["resnet18", "resnet18_block_cbam", "resnet18_block_srm"])
def test_names_and_embeddings_are_those_of_the_classifier_alone(name: str) -> None:
    both = built(name)
    with torch.inference_mode():
        said = both.predict(images())
        logits, embeddings = both.network.name_and_embed(images())
        torch.testing.assert_close(both(images()), logits)
    torch.testing.assert_close(said.logits, logits)
    torch.testing.assert_close(said.embeddings, embeddings)
    assert said.losses.shape == (2,)


def test_the_four_groups_of_blocks_are_tapped() -> None:
    both = built()
    seen: list[tuple[int, ...]] = []
    both.loss_net.register_forward_pre_hook(lambda _, given: seen.extend(tuple(x.shape[1:]) for x in given[0]))
    with torch.inference_mode():
        both.predict(images())
    assert seen == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]


def test_no_gradient_of_detached_taps_reaches_the_backbone() -> None:
    both = built()
    both.predict(images(), detached=True).losses.sum().backward()
    assert all(p.grad is None for p in both.network.parameters())
    assert all(p.grad is not None for p in both.loss_net.parameters())


def test_attached_taps_teach_the_backbone_too() -> None:
    both = built()
    both.predict(images()).losses.sum().backward()
    first = both.network.stages[0][0].weight
    assert first.grad is not None
    assert first.grad.abs().sum() > 0


def test_on_white_ground_the_same_groups_are_tapped() -> None:
    with torch.inference_mode():
        assert built(white_ground=True).predict(images()).losses.shape == (2,)


@pytest.mark.parametrize("name", ["resnet50", "efficientnet_lite0", "vgg16_pooled"])
def test_networks_without_such_groups_are_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="four groups of blocks of ResNet18"):
        built(name)
