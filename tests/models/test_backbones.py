import pytest
import torch
from torch import nn
from torchvision.models import googlenet

from napari_hemalens.models.backbones import BACKBONES, build_backbone

SIZES = {"alexnet": (96, 5, 5, 2)}  # of the image, then of what the stages make of it
OTHERS = (64, 8, 4, 2)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's images


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_stages_halve_the_image_and_have_the_channels_that_they_say(name: str) -> None:
    side, *sides = SIZES.get(name, OTHERS)
    backbone = build_backbone(name, imagenet=False)
    features = torch.rand(1, 3, side, side)
    with torch.inference_mode():
        for stage, channels, after in zip(backbone.stages, backbone.channels, sides, strict=True):
            features = stage.eval()(features)
            assert features.shape == (1, channels, after, after)


def test_layers_5_and_6_of_alexnet_are_13_and_its_last_pool_6_places_wide() -> None:
    """Wei et al. 2022: the third and the fourth convolution, pools numbered too."""
    images = torch.rand(1, 3, 224, 224)
    sizes = []
    with torch.inference_mode():
        for stage in build_backbone("alexnet", imagenet=False).stages:
            images = stage(images)
            sizes.append(tuple(images.shape[1:]))
    assert sizes == [(384, 13, 13), (256, 13, 13), (256, 6, 6)]


@pytest.mark.parametrize("name", sorted(set(BACKBONES) - {"alexnet", "vgg16"}))
def test_the_neck_makes_of_the_last_features_what_a_linear_layer_takes(name: str) -> None:
    backbone = build_backbone(name, imagenet=False, dense=True)
    features = torch.rand(2, backbone.channels[-1], 3, 3)
    assert backbone.neck.eval()(features).shape == (2, backbone.width)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_nothing_works_in_place_where_gradients_are_read(name: str) -> None:
    """A full backward hook on a module fails, or reads the wrong gradient, if its output is changed in place."""
    side = SIZES.get(name, OTHERS)[0]
    stages = nn.Sequential(*build_backbone(name, imagenet=False).stages).eval()
    read: list[str] = []
    for path, module in stages.named_modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            assert not module.inplace
            module.register_full_backward_hook(lambda *_, path=path: read.append(path))
    stages(torch.rand(1, 3, side, side, requires_grad=True)).sum().backward()
    activations = {path for path, module in stages.named_modules() if isinstance(module, nn.ReLU | nn.ReLU6)}
    assert set(read) == activations


def test_googlenet_has_a_module_for_every_activation() -> None:
    stages = nn.Sequential(*build_backbone("googlenet", imagenet=False).stages)
    convolutions, activations = (sum(isinstance(m, kind) for m in stages.modules()) for kind in (nn.Conv2d, nn.ReLU))
    assert convolutions == activations == 57


def test_googlenet_sees_the_colours_that_torchvision_shows_it() -> None:
    reference = googlenet(init_weights=False, aux_logits=False, transform_input=True)
    to_halves = build_backbone("googlenet", imagenet=False).stages[0][0]
    colours = torch.rand(2, 3, 3, 3)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    masks = torch.rand(2, 2, 3, 3)
    moved = to_halves(torch.cat([(colours - 0.5) / 0.25, masks], dim=1))
    torch.testing.assert_close(moved[:, :3], reference._transform_input((colours - mean) / deviation))
    torch.testing.assert_close(moved[:, 3:], masks)
