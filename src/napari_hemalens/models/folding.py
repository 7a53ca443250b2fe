"""Batch normalisation folded into the convolutions before it: the same numbers to rounding, a quarter faster in use."""

from collections.abc import Callable
from copy import copy, deepcopy
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.detectors import CellDetector

_ROUNDING = 1e-4  # of the largest output
_SIDE = 128  # pixels of the image that networks are tried on

_Pair: TypeAlias = tuple[nn.Conv2d, nn.BatchNorm2d]


@lru_cache(maxsize=2)
def folded_detector(network: CellDetector) -> CellDetector:
    """Return a detector for use alone that shares all but its backbone with `network`; the last two stay in memory."""
    fast: CellDetector = sharing(network)
    fast.backbone = folded(network.backbone, example_image(network, 3))
    return fast


def folded_classifier(network: CellClassifier) -> CellClassifier:
    """Return a classifier for use alone that shares all but its stages with `network`."""
    fast: CellClassifier = sharing(network)
    fast.stages = _folded_stages(network.stages, network.input_channels)
    return fast


def folded(part: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy of a part of a network in which no convolution is followed by its own batch normalisation.

    Which one follows which is seen in a run on images. The copy is for use alone: its activations work in place, so
    that gradients cannot be read within.

    Parameters
    ----------
    part : Module
        In evaluation; returns a tensor, or a mapping of some.
    images : (N, C, H, W) float32
        What it takes.
    """
    fast = deepcopy(part).requires_grad_(requires_grad=False)
    parents = {child: (parent, name) for parent in fast.modules() for name, child in parent.named_children()}
    for convolution, norm in _pairs(fast, images):
        parent, name = parents[norm]
        setattr(parent, name, _fold(convolution, norm))
    if not _agree(_outputs(fast, images), _outputs(part, images)):
        return part  # what a convolution says is read elsewhere, too
    return fast.to(memory_format=torch.channels_last)


@lru_cache(maxsize=2)
def _folded_stages(stages: nn.ModuleList, channels: int) -> nn.ModuleList:
    return nn.ModuleList(folded(nn.Sequential(*stages), example_image(stages, channels)).children())


def sharing(network: Any) -> Any:
    """Return a copy of a network that shares its parts, and of which each can be replaced."""
    fast = copy(network)
    fast._modules = dict(network._modules)
    return fast


def example_image(network: nn.Module, channels: int) -> Tensor:
    """Return an image of normal noise, the same each time, where a network lies."""
    noise = torch.randn(1, channels, _SIDE, _SIDE, generator=torch.Generator().manual_seed(0))
    return noise.to(next(network.parameters()).device)


def _outputs(part: Callable[[Tensor], Any], images: Tensor) -> list[Tensor]:
    with torch.inference_mode():
        outputs = part(images)
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


def _agree(found: list[Tensor], wanted: list[Tensor]) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all(bool((a - b).abs().max() <= _ROUNDING * b.abs().max()) for a, b in pairs)


def _pairs(part: nn.Module, images: Tensor) -> list[_Pair]:
    """Return each convolution that runs once, and the normalisation of its very output."""
    made: list[tuple[Tensor, nn.Conv2d]] = []
    given: list[tuple[Tensor, nn.BatchNorm2d]] = []
    hooks = []
    for module in part.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(lambda maker, _, output: made.append((output, maker))))
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(lambda norm, inputs: given.append((inputs[0], norm))))
    _outputs(part, images)
    for hook in hooks:
        hook.remove()
    makers = {id(output): maker for output, maker in made}
    runs = [maker for _, maker in made]
    pairs = [(makers[id(tensor)], norm) for tensor, norm in given if id(tensor) in makers]
    return [(maker, norm) for maker, norm in pairs if runs.count(maker) == 1]


def _fold(convolution: nn.Conv2d, norm: Any) -> nn.Module:
    """Put a normalisation into a convolution; return what is left of it: in timm's, the activation."""
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    activation: nn.Module = getattr(norm, "act", nn.Identity())
    if isinstance(activation, nn.ReLU | nn.ReLU6):
        activation.inplace = True
    return activation
