from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import _api

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import ImageError, RecipeError
from napari_hemalens.models import starts
from napari_hemalens.models.attention.cbam import CBAM
from napari_hemalens.models.attention.eca import ECA
from napari_hemalens.models.classifiers import CLASSIFIERS, CellClassifier, build_classifier
from napari_hemalens.models.heads import MemberHead
from napari_hemalens.models.storage import load_into, save_network

TABLE_6 = {  # Wei et al. 2022; its last two rows are one network under two losses
    "MobileNet": "mobilenet_v2",
    "VGG-16": "vgg16",
    "VGG-Att": "vgg16_attention",
    "GoogLeNet": "googlenet",
    "GoogLeNet-Att": "googlenet_attention",
    "ResNet": "resnet50",
    "ResNet-Att": "resnet50_attention",
    "AlexNet": "alexnet",
    "Alex-light": "alexnet_light",
    "MSA-Net": "msa_net",
    "Alex-CA": "alexnet_channel_attention",
    "Our method-CE": "alexnet_attention",
    "Our method": "alexnet_attention",
}
DENSE = {"vgg16", "eca_vgg16", "alexnet"}  # up to half a gigabyte each
LIGHT = sorted(set(CLASSIFIERS) - DENSE - {"resnet50", "resnet50_attention", "msa_net"})
NETWORKS = [*LIGHT, *(pytest.param(name, marks=pytest.mark.slow) for name in sorted(set(CLASSIFIERS) - set(LIGHT)))]
MAPS = {
    "alexnet_attention": {"layer 5": 13, "layer 6": 13},
    "vgg16_attention": {"block 3": 28, "block 4": 14},
    "googlenet_attention": {"inception 3": 28, "inception 4": 14},
    "efficientnet_lite0_attention": {"stride 8": 28, "stride 16": 14},
    "resnet50_attention": {"layer 2": 28, "layer 3": 14},
    "resnet18_attention": {"layer 2": 28, "layer 3": 14},
    "msa_net": {"dilation 1": 14, "dilation 2": 14, "dilation 4": 14},
}


def built(network: str, classes: int = 2, **options: object) -> CellClassifier:
    torch.manual_seed(0)
    return build_classifier(ClassifierRecipe.from_options(network=network, **options), classes).eval()


def images(network: CellClassifier, channels: int = 3) -> torch.Tensor:
    side = network.smallest_px + 1
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(1))


def test_every_row_of_table_6_has_a_network() -> None:
    assert len(TABLE_6) == 13
    assert set(TABLE_6.values()) <= set(CLASSIFIERS)


@pytest.fixture(scope="module", params=NETWORKS)
def named(request: pytest.FixtureRequest) -> tuple[str, CellClassifier]:
    """Each network once, under its name: it is built for all tests of one of them, which are run after each other."""
    return request.param, built(request.param, classes=5)


@pytest.mark.slow
def test_a_crop_of_224_pixels_gives_a_score_a_class_and_maps_in_0_to_1(named: tuple[str, CellClassifier]) -> None:
    name, network = named
    with torch.inference_mode():
        logits, maps = network.attend(torch.rand(1, 3, 224, 224))
    assert logits.shape == (1, 5)
    assert {layer: tuple(found.shape) for layer, found in maps.items()} == {
        layer: (1, side, side) for layer, side in MAPS.get(name, {}).items()
    }
    assert all(0 <= found.min() <= found.max() <= 1 for found in maps.values())


def test_looking_and_naming_give_the_same_scores(named: tuple[str, CellClassifier]) -> None:
    name, network = named
    with torch.inference_mode():
        logits, maps = network.attend(images(network))
        torch.testing.assert_close(network(images(network)), logits)
    assert logits.shape == (2, 5)
    assert set(maps) == set(MAPS.get(name, {}))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_learns_also_from_crops_with_masks(name: str) -> None:
    network = built(name, input_channels=5).train()
    network(torch.cat([images(network, 5)] * 2)).square().sum().backward()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None, path
        assert parameter.grad.isfinite().all(), path


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18_attention"])
def test_the_embedding_is_the_mean_of_the_last_features(name: str) -> None:
    network = built(name, classes=4)
    with torch.inference_mode():
        logits, embedding = network.name_and_embed(images(network))
        features = images(network)
        for stage in network.stages:
            features = stage(features)
        torch.testing.assert_close(logits, network(images(network)))
    torch.testing.assert_close(embedding, features.flatten(2).mean(dim=2))
    with pytest.raises(ImageError, match="takes images of 3 channels; got 5"):
        network.name_and_embed(images(network, 5))


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("mobilenet_v2", "classifier.1"),
        ("googlenet", "fc"),
        ("resnet18", "fc"),
        pytest.param("resnet50", "fc", marks=pytest.mark.slow),
        pytest.param("alexnet", "classifier.6", marks=pytest.mark.slow),
        pytest.param("vgg16", "classifier.6", marks=pytest.mark.slow),
    ],
)
def test_plain_networks_give_what_torchvisions_give(name: str, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = torchvisions(name)
    monkeypatch.setattr(_api, "load_state_dict_from_url", lambda *_, **__: reference.state_dict())
    monkeypatch.setattr(starts, "_take_our_range", lambda _: None)  # the same colours here; tested in test_starts.py
    network = built(name, classes=1000, start="imagenet")
    network.head.linear.load_state_dict(reference.get_submodule(last).state_dict())
    with torch.inference_mode():
        expected = reference(images(network) / 2 if name == "googlenet" else images(network))
        assert expected.std() > 0
        torch.testing.assert_close(network(images(network)), expected)


def torchvisions(name: str) -> nn.Module:
    torch.manual_seed(1)
    if name == "googlenet":  # as it is with trained weights, before torchvision drops the two heads
        reference: nn.Module = models.googlenet(init_weights=True, aux_logits=True, transform_input=False)
    else:
        reference = getattr(models, name)()
    for module in reference.modules():  # statistics that a fresh network has not, so that they must be taken over
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
    return reference.eval()


def test_attention_that_is_switched_off_leaves_the_plain_network() -> None:
    """Wei et al.: Alex-light is 'our network with the attention module removed'."""
    attended, light = built("alexnet_attention"), built("alexnet_light")
    light.stages.load_state_dict(attended.stages.state_dict())
    with torch.no_grad():
        attended.head.linear.weight[:, :-256] = 0
        light.head.linear.weight.copy_(attended.head.linear.weight[:, -256:])
        light.head.linear.bias.copy_(attended.head.linear.bias)
        torch.testing.assert_close(attended(images(light)), light(images(light)))


def test_eca_that_is_switched_off_leaves_vgg16_with_every_block_halved() -> None:
    """A kernel of zeros weights each channel by a half; five blocks, and a network without biases, give 2^-5."""
    with_eca, plain = built("eca_vgg16_pooled"), built("vgg16_pooled")
    layers = ([m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)] for network in (with_eca, plain))
    with torch.no_grad():
        for ours, theirs in zip(*layers, strict=True):
            theirs.load_state_dict(ours.state_dict())
            theirs.bias.zero_()
            ours.bias.zero_()
        for block in with_eca.modules():
            if isinstance(block, ECA):
                block.conv.weight.zero_()
        torch.testing.assert_close(32 * with_eca(images(plain)), plain(images(plain)))


@pytest.mark.parametrize(("kernel", "sizes"), [(9, [9] * 5), (3, [3] * 5), (None, [3, 5, 5, 5, 5])])
def test_eca_follows_each_block_of_vgg16_with_its_pool(kernel: int | None, sizes: list[int]) -> None:
    network = built("eca_vgg16_pooled", eca_kernel=kernel)
    layers = [layer for stage in network.stages for layer in stage]
    after = [before for before, layer in pairwise(layers) if isinstance(layer, ECA)]
    assert len(after) == 5
    assert all(isinstance(layer, nn.MaxPool2d) for layer in after)
    assert [layer.conv.kernel_size[0] for layer in layers if isinstance(layer, ECA)] == sizes
    assert sum(isinstance(layer, nn.Conv2d) for layer in layers) == 13


def test_cbam_follows_each_group_of_blocks_of_resnet() -> None:
    layers = [layer for stage in built("resnet18_cbam").stages for layer in stage]
    after = [before for before, layer in pairwise(layers) if isinstance(layer, CBAM)]
    assert [group[-1].conv2.out_channels for group in after] == [64, 128, 256, 512]
    assert all(isinstance(group, nn.Sequential) and len(group) == 2 for group in after)


@pytest.mark.slow
def test_global_pooling_needs_about_a_tenth_of_the_weights() -> None:
    dense, pooled = (sum(p.numel() for p in built(name).parameters()) for name in ("eca_vgg16", "eca_vgg16_pooled"))
    assert 0.1 < pooled / dense < 0.12


def test_a_classifier_comes_back_from_its_file(tmp_path: Path) -> None:
    saved, loaded = built("alexnet_attention"), built("alexnet_attention")
    for parameter in loaded.parameters():
        nn.init.zeros_(parameter)
    save_network(saved, tmp_path / "a.safetensors")
    load_into(loaded, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 3e6
    with torch.inference_mode():
        expected, found = (network(images(saved)) for network in (saved, loaded))
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.01)


@pytest.mark.parametrize(("name", "least"), [("alexnet_attention", 63), ("resnet18", 32), ("googlenet", 32)])
def test_an_image_that_is_too_small_is_refused_in_one_sentence(name: str, least: int) -> None:
    network = built(name)
    assert network(torch.rand(1, 3, least, least)).isfinite().all()
    with pytest.raises(ImageError, match=rf"takes images of at least {least} x {least}; got {least} x {least - 1}\."):
        network(torch.rand(1, 3, least, least - 1))


def test_a_crop_size_that_is_too_small_is_refused_before_training() -> None:
    with pytest.raises(RecipeError, match=r"alexnet_light takes images of at least 63 x 63; input_size is 48\."):
        built("alexnet_light", input_size=48)


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(ImageError, match=r"takes images of 5 channels; got 3\."):
        built("resnet18", input_channels=5)(torch.rand(1, 3, 64, 64))


def test_an_unknown_classifier_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        RecipeError, match=r"No classifier 'vit'\. Known: efficientnet_lite0, efficientnet_lite0_attention, "
    ):
        built("vit")


@pytest.mark.parametrize(("option", "value"), [("input_channels", 2), ("input_channels", 6), ("eca_kernel", 4)])
def test_a_recipe_that_no_classifier_could_follow_is_refused(option: str, value: int) -> None:
    with pytest.raises(RecipeError, match=rf"Option '{option}' got {value}"):
        ClassifierRecipe.from_options(**{option: value})


@pytest.mark.parametrize("name", ["alexnet_attention", "resnet18_block_srm"])
def test_the_mean_over_all_views_does_not_hang_on_how_a_cell_lies(name: str) -> None:
    network = built(name)
    crops = images(network)
    with torch.inference_mode():
        alone = [network(crops.rot90(turns, (2, 3))) for turns in range(4)]
        alone += [network(crops.flip(3).rot90(turns, (2, 3))) for turns in range(4)]
        network.views = 8
        seen, (logits, embedding) = network(crops), network.name_and_embed(crops)
        network.views = 1
        _, as_it_lies = network.name_and_embed(crops)
    torch.testing.assert_close(seen, torch.stack(alone).mean(dim=0))
    torch.testing.assert_close(logits, seen)
    torch.testing.assert_close(embedding, as_it_lies)


def test_classes_are_put_together_after_the_mean_over_views() -> None:
    network = built("alexnet_attention")
    crops = images(network)
    with torch.inference_mode():
        network.views = 8
        outputs = network(crops)
        network.head = MemberHead(network.head, [tuple(range(outputs.shape[1]))[1:], (0,)], 2.0)
        found = (network(crops) / 2.0).softmax(dim=1)
    expected = (outputs / 2.0).softmax(dim=1)
    torch.testing.assert_close(found[:, 1], expected[:, 0])
    torch.testing.assert_close(found[:, 0], expected[:, 1:].sum(dim=1))
