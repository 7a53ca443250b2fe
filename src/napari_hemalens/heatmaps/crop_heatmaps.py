"""Heatmaps of crops: one interface to every method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.heatmaps.attention_maps import attention
from napari_hemalens.heatmaps.gradients import GradientInputs, grad_cam, gradient_heatmap
from napari_hemalens.heatmaps.methods import GRAD_CAM, method_of, target_of
from napari_hemalens.heatmaps.scaling import smoothed, unit
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size, calibrated, prepared
from napari_hemalens.inference.device import moved
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.records.explained import PREDICTED

_DEEPER = 8  # of the crops that are classified at once, the share whose graph is kept in memory


@dataclass(frozen=True, slots=True, eq=False)
class CropHeatmaps:
    """What a network says of crops, and where in them it looked.

    Attributes
    ----------
    probabilities : (N, K) float32
        Calibrated by the card's temperature.
    targets : (N,) int64
        The class of each crop that is explained.
    heatmaps : (N, side, side) float32
        In 0-1.
    """

    probabilities: Tensor
    targets: Tensor
    heatmaps: Tensor


def explain_crops(
    classifier: NetworkClassifier,
    pixels: Tensor,
    *,
    method: str,
    targets: Tensor | str = PREDICTED,
    smoothing: float = 0.0,
) -> CropHeatmaps:
    """Classify crops, and map where in each the network looked.

    Own attention stays in the units it has: weights of places, low all over where nothing is looked at. Any other map
    is scaled, that of each crop by itself, to reach from 0 to 1.

    Parameters
    ----------
    classifier : NetworkClassifier
        Ready to run; left as it is.
    pixels : (N, C, side, side) uint8
        The crops, on any device.
    method : str
        Of those of its network: see `methods.methods_of`.
    targets : (N,) int64, or str
        The class of each crop that is explained; the name of one for all; or 'predicted': what each is called. Own
        attention does not depend on it.
    smoothing : float
        Deviation of a Gaussian, in pixels of the crops.

    Raises
    ------
    RecipeError
        If the network has no such method, or the weights know no such class.
    """
    card, crops = classifier.card, moved(pixels, classifier.device)
    kind = method_of(card.network, method).kind

    def explain(which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        chosen = _chosen(card, targets.to(which.device)[which] if isinstance(targets, Tensor) else targets)
        logits, maps = _maps(classifier, prepared(crops[which]), chosen, method=method)
        maps = smoothed(maps.float(), smoothing)
        return calibrated(logits, card), chosen(logits), maps if kind == "attention" else unit(maps)

    parts = classifier.passes.run(torch.arange(len(crops), device=crops.device), explain)
    return CropHeatmaps(*(torch.cat(each) for each in zip(*parts, strict=True)))


def _maps(
    classifier: NetworkClassifier, images: Tensor, chosen: Callable[[Tensor], Tensor], *, method: str
) -> tuple[Tensor, Tensor]:
    """Return logits (N, K) and maps (N, side, side) of one pass; gradients, which 16 bits are too few for, in 32."""
    card, network = classifier.card, classifier.network
    if method_of(card.network, method).kind in {"attention", "features"}:
        return attention(network, images, method)
    with torch.autocast(images.device.type, enabled=False):
        if method in GRAD_CAM:
            return grad_cam(network, images, chosen, stage=GRAD_CAM[method])
        with torch.inference_mode():
            logits = network(images)
        return logits, _gradients(network, images, card, chosen(logits), method=method)


def light_channels(crop: CropRecipe) -> int:
    """Return how many of a crop's channels are light; the others are masks."""
    return crop.channels - 2 if crop.neighbours == "masks" else crop.channels


def _chosen(card: ClassifierCard, targets: Tensor | str) -> Callable[[Tensor], Tensor]:
    """Return what says for logits (N, K) which class of each is explained, (N,)."""

    def called(logits: Tensor) -> Tensor:
        classes = card.decide(calibrated(logits, card).cpu().numpy())
        return torch.from_numpy(classes).to(logits.device)

    if isinstance(targets, Tensor):
        given = targets
        return lambda _: given
    target = target_of(card, targets)
    if target is None:
        return called
    return lambda logits: torch.full((len(logits),), target, device=logits.device)


def _gradients(
    network: CellClassifier, images: Tensor, card: ClassifierCard, targets: Tensor, *, method: str
) -> Tensor:
    """Return maps (N, side, side) at least 0, a few crops at a time: a graph takes many times a crop's memory."""
    light = light_channels(card.crop)
    empty = -2.0 if card.crop.light == "fluorescence" else 2.0  # black and white, as `normalised` has them
    few = max(1, batch_size(images.device) // _DEEPER)
    maps = []
    for start in range(0, len(images), few):
        part, chosen = images[start : start + few], targets[start : start + few]
        lit = part[:, :light].detach().requires_grad_()
        asked = GradientInputs(network, card.network.network, lit, part[:, light:], chosen, empty)
        maps.append(gradient_heatmap(asked, method))
    return torch.cat(maps)
