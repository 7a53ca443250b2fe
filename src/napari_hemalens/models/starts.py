"""What the weights of a network start from: chance, or ImageNet.

From scratch all networks start as torchvision starts VGG16, ResNet and MobileNet, AlexNet and GoogLeNet too: normal
weights by the size of the convolution (He et al. 2015, https://arxiv.org/abs/1502.01852). By torchvision's own start
of AlexNet, which has no normalisation to mend it, the last features are a tenth as large (mean 0.034 against 0.35 for
white noise), and the one layer that follows them would have to learn from that.
"""

import math
from collections.abc import Mapping
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.lite import LITE0, start_lite0_from_imagenet
from napari_hemalens.models.preprocess import Preprocess

RGB = 3
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's images: what torchvision's networks were trained at."""


def start_from_imagenet(network: nn.Module, name: str) -> None:
    """Fill all that is left of a network with what its authors trained on ImageNet.

    Its first layer then takes colours in our range, and makes of them what it made of ImageNet's.

    Raises
    ------
    WeightsError
        If the file cannot be had, or does not hold what its name says.
    """
    if name == LITE0:
        start_lite0_from_imagenet(network)
        return
    if name not in models.list_models():
        raise WeightsError(f"There are no ImageNet weights of {name}: start = 'scratch'.")
    weights = models.get_model_weights(name).DEFAULT
    try:
        known: Mapping[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, UnpicklingError) as error:  # not there; not what was published; not weights
        raise WeightsError(
            f"Cannot load the ImageNet weights of {name} ({error}). A recipe with start = 'scratch' needs none."
        ) from error
    left = network.state_dict()
    network.load_state_dict({key: tensor for key, tensor in known.items() if key in left})
    if name != "googlenet":  # which halves our range itself
        _take_our_range(network)


@torch.no_grad()
def _take_our_range(network: nn.Module) -> None:
    """Put the step from our range of colours to ImageNet's into the first convolution and what follows it.

    A network that is stored and loaded again needs no note of what it began from. Only the border differs: what is
    padded is our zero, half the light, not ImageNet's mean.
    """
    ours = Preprocess(pixel_size_um=1.0)
    mean, deviation = torch.tensor(_MEAN), torch.tensor(_DEVIATION)
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    shift = torch.einsum("oihw,i->o", first.weight, (torch.tensor(ours.mean) - mean) / deviation)
    first.weight *= (torch.tensor(ours.std) / deviation)[:, None, None]
    if first.bias is not None:
        first.bias += shift
    else:
        norm: Any = next(module for module in network.modules() if hasattr(module, "running_mean"))
        norm.running_mean -= shift


def start_from_scratch(network: nn.Module) -> None:
    """Fill a network with chance."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def row_of_class(learned: Tensor, *, is_bias: bool) -> Tensor:
    """Return the row of a linear layer for a class, of those that were learned for the classes that it includes.

    It is as likely as all of them: its logit is the logarithm of the sum of their exponentials, which is, by Jensen's
    inequality, at least their mean and log n. That is linear, so that a layer can begin with it.

    Parameters
    ----------
    learned : (n, ...) Tensor
        A row a class.
    is_bias : bool
        Whether they are the biases of logits, which log n is added to.
    """
    return learned.mean(dim=0) + (math.log(len(learned)) if is_bias else 0.0)


def widen(network: nn.Module, channels: int, *, zero: bool) -> None:
    """Let the first convolution take more than red, green and blue.

    Parameters
    ----------
    network : Module
        Its first convolution takes three channels.
    channels : int
        That it shall take, at least three.
    zero : bool
        The new filters start at zero, so that the network begins as if the new channels were not there; else at
        chance, like the others.
    """
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    filters = first.weight.detach()  # (out, 3, height, width)
    shape = (len(filters), channels - RGB, *filters.shape[2:])
    further = torch.zeros(shape) if zero else torch.randn(shape) * filters.std()
    first.weight = nn.Parameter(torch.cat([filters, further], dim=1))
    first.in_channels = channels
