"""Where a network looked at crops: one interface to every method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_hemalens.config.options import CropRecipe
from napari_hemalens.heatmaps.attention_maps import attention
from napari_hemalens.heatmaps.gradients import Asked, grad_cam, gradient_heat
from napari_hemalens.heatmaps.methods import GRAD_CAM, method_of, target_of
from napari_hemalens.heatmaps.scaling import smoothed, unit
from napari_hemalens.inference.classifier import batch_size, calibrated
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.weights import ClassifierCard
from napari_hemalens.records.explained import PREDICTED

_DEEPER = 8  # of the crops that are classified at once, the share whose graph is kept in memory


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a network says of crops, and where it looked.

    Attributes
    ----------
    probabilities : (N, K) float32
        Calibrated by the row's temperature.
    targets : (N,) int64
        The class of each crop that is explained.
    heats : (N, side, side) float32
        In 0-1.
    """

    probabilities: Tensor
    targets: Tensor
    heats: Tensor


def heats(
    network: CellClassifier,
    pixels: Tensor,
    row: ClassifierCard,
    *,
    method: str,
    targets: Tensor | str = PREDICTED,
    smoothing: float = 0.0,
) -> Tensor:
    """Return where a network looked at each crop: the heats (N, side, side) of `look`."""
    return look(network, pixels, row, method=method, targets=targets, smoothing=smoothing).heats


def look(
    network: CellClassifier,
    pixels: Tensor,
    row: ClassifierCard,
    *,
    method: str,
    targets: Tensor | str = PREDICTED,
    smoothing: float = 0.0,
) -> Look:
    """Classify crops, and find out where the network looked.

    Own attention stays in the units it has: weights of places, low all over where nothing is looked at. Any other map
    is scaled, that of each crop by itself, to reach from 0 to 1.

    Parameters
    ----------
    network : CellClassifier
        In evaluation, on its device; left as it is.
    pixels : (N, C, side, side) uint8
        The crops, on any device.
    row : ClassifierCard
        What the network was trained for.
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
    kind = method_of(row.network, method).kind
    chosen = _chosen(row, targets)
    images = normalised(pixels.to(next(network.parameters()).device)).contiguous(memory_format=torch.channels_last)
    if kind in {"attention", "features"}:
        logits, maps = attention(network, images, method)
    elif method in GRAD_CAM:
        logits, maps = grad_cam(network, images, chosen, stage=GRAD_CAM[method])
    else:
        with torch.inference_mode():
            logits = network(images)
        maps = _gradients(network, images, row, chosen(logits), method=method)
    maps = smoothed(maps, smoothing)
    return Look(calibrated(logits, row), chosen(logits), maps if kind == "attention" else unit(maps))


def light_channels(crop: CropRecipe) -> int:
    """Return how many of a crop's channels are light; the others are masks."""
    return crop.channels - 2 if crop.neighbours == "masks" else crop.channels


def _chosen(row: ClassifierCard, targets: Tensor | str) -> Callable[[Tensor], Tensor]:
    """Return what says for logits (N, K) which class of each is explained, (N,)."""

    def called(logits: Tensor) -> Tensor:
        classes = row.called(calibrated(logits, row).cpu().numpy())
        return torch.from_numpy(classes).to(logits.device)

    if isinstance(targets, Tensor):
        given = targets
        return lambda logits: given.to(logits.device)
    target = target_of(row, targets)
    if target is None:
        return called
    return lambda logits: torch.full((len(logits),), target, device=logits.device)


def _gradients(network: CellClassifier, images: Tensor, row: ClassifierCard, targets: Tensor, *, method: str) -> Tensor:
    """Return maps (N, side, side) at least 0, a few crops at a time: a graph takes many times a crop's memory."""
    light = light_channels(row.crop)
    empty = -2.0 if row.crop.light == "fluorescence" else 2.0  # black and white, as `normalised` has them
    few = max(1, batch_size(images.device) // _DEEPER)
    maps = []
    for start in range(0, len(images), few):
        part, chosen = images[start : start + few], targets[start : start + few]
        lit = part[:, :light].detach().requires_grad_()
        asked = Asked(network, row.network.network, lit, part[:, light:], chosen, empty)
        maps.append(gradient_heat(asked, method))
    return torch.cat(maps)
