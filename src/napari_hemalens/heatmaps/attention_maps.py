"""A network's own attention: maps that it makes on the way to its answer, and that cost next to nothing.

Those of Wei et al. 2022 and of MSA-Net weight places, and come with the answer. CBAM weights places inside its blocks.
ECA weights channels: what it does to places is seen in the mean of the features before and after it, as in Figure 8 of
Ullah et al. 2021.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from napari_hemalens.heatmaps.methods import BOTH, name_of
from napari_hemalens.heatmaps.scaling import resized, unit
from napari_hemalens.models.attention.cbam import SpatialAttention
from napari_hemalens.models.attention.eca import ECA
from napari_hemalens.models.classifiers import CellClassifier


@torch.inference_mode()
def attention(network: CellClassifier, images: Tensor, method: str) -> tuple[Tensor, Tensor]:
    """Return logits, and the maps of one method.

    Parameters
    ----------
    network : CellClassifier
        In evaluation.
    images : (N, C, side, side) float32
        Normalised crops, on the network's device.
    method : str
        Name of one of its own: see `methods.methods_of`.

    Returns
    -------
    logits : (N, K) float32
    maps : (N, side, side) float32
        In 0-1. Weights of places are as the network uses them: where it finds nothing to look at, all are low.
        Features are scaled, those of each crop by themselves.
    """
    side = images.shape[-1]
    kind, _, number = method.removesuffix("-without").partition("-")
    if kind == "eca":
        with _seen(network, ECA, int(number)) as seen:
            logits = network(images)
        before, after = seen[0]
        features = before if method.endswith("-without") else after
        return logits, unit(resized(features.mean(dim=1), side))
    if kind == "cbam":
        # Of the convolution, since a network may call either of the block's methods.
        with _seen(network, SpatialAttention, int(number), part="conv") as seen:
            logits = network(images)
        return logits, resized(seen[0][1].sigmoid()[:, 0], side)
    logits, maps = network.attend(images)
    if method == BOTH:
        return logits, torch.stack([resized(each, side) for each in maps.values()]).mean(dim=0)
    return logits, resized({name_of(layer): each for layer, each in maps.items()}[method], side)


@contextmanager
def _seen(
    network: nn.Module, kind: type[nn.Module], number: int, part: str = ""
) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Yield a list that gets what goes into the n-th module of a kind, or a part of it, and what comes out."""
    blocks = [module for module in network.modules() if isinstance(module, kind)]
    seen: list[tuple[Tensor, Tensor]] = []
    hook = (
        blocks[number - 1]
        .get_submodule(part)
        .register_forward_hook(lambda _module, given, out: seen.append((given[0], out)))
    )
    try:
        yield seen
    finally:
        hook.remove()  # networks stay in memory from run to run
