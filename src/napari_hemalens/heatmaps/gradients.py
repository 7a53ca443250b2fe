"""Where a network looks, by the gradients of its answer: all crops of a batch at once, by captum but for Grad-CAM.

Heatmaps are of light. Where masks are channels of a crop, they stay as they are, and nothing is asked of them.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from captum.attr import GuidedBackprop, IntegratedGradients, Occlusion, Saliency
from torch import Tensor, nn

from napari_hemalens.heatmaps.rectifiers import reachable
from napari_hemalens.heatmaps.scaling import resized
from napari_hemalens.models.classifiers import CellClassifier

_STEPS = 32  # of integrated gradients, from the empty image to the crop
_PATCHES = 8  # patches of occlusion that fit side by side; they move by half of one
_AT_ONCE = 64  # images that integrated gradients and occlusion make of a batch, at once


class OfLight(nn.Module):
    """A network as a function of the light in a crop alone; masks, if any, come beside it.

    Maps light (N, c, side, side) and masks (N, m, side, side) to logits (N, K).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, light: Tensor, masks: Tensor) -> Tensor:
        """Return logits (N, K)."""
        images = torch.cat([light, masks], dim=1).contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.network(images)
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class GradientInputs:
    """Crops, and the class of each that is explained.

    Attributes
    ----------
    network : CellClassifier
        In evaluation.
    name : str
        Of the network, for messages.
    light, masks : (N, c, side, side) float32
        Normalised channels of the crops, on the network's device; `light` asks for gradients, `masks` may have none.
    targets : (N,) int64
        The class of each.
    empty : float
        Normalised value of a pixel where there is nothing: black in fluorescence, white in a smear.
    """

    network: CellClassifier
    name: str
    light: Tensor
    masks: Tensor
    targets: Tensor
    empty: float

    @property
    def model(self) -> OfLight:
        """The network as a function of light and masks."""
        return OfLight(self.network)

    def odds(self, light: Tensor, masks: Tensor) -> Tensor:
        """Return the log of the odds of each class, (N, K)."""
        logits: Tensor = self.model(light, masks)
        others = logits[:, None].masked_fill(torch.eye(logits.shape[1], device=logits.device).bool(), -torch.inf)
        odds: Tensor = logits - others.logsumexp(dim=2)  # of (N, K, K): for each class, all classes but itself
        return odds


def grad_cam(
    network: CellClassifier, images: Tensor, targets: Callable[[Tensor], Tensor], *, stage: int = 2
) -> tuple[Tensor, Tensor]:
    """Return logits and Grad-CAM at the output of one stage.

    Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, equations 1 and 2. The gradient goes from the logits back
    to that stage and no further, so that a map costs little more than the answer; captum and pytorch-grad-cam run it
    through the graph of the whole network, for the same map.

    Parameters
    ----------
    network : CellClassifier
        In evaluation.
    images : (N, C, side, side) float32
        Normalised crops, on the network's device.
    targets : callable
        Returns for logits (N, K) the class of each that is explained, (N,) int64.
    stage : int
        Index into the network's stages; the output of the last is L.

    Returns
    -------
    logits : (N, K) float32
    maps : (N, side, side) float32
        At least 0, not scaled.
    """
    features: list[Tensor] = []
    with torch.no_grad():
        for module in network.stages[: stage + 1]:
            features.append(module(features[-1] if features else images))
    with torch.enable_grad():
        looked_at = features[-1] = features[-1].requires_grad_()
        for module in network.stages[stage + 1 :]:
            features.append(module(features[-1]))
        logits, _ = network.head(features)
        chosen = logits.gather(1, targets(logits.detach())[:, None])
        (gradient,) = torch.autograd.grad(chosen.sum(), looked_at)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (1) alpha_k
    maps = (weights * looked_at.detach()).sum(dim=1).relu()  # (2) ReLU(sum of alpha_k A_k)
    return logits.detach(), resized(maps, images.shape[-1])


def gradient_heatmap(asked: GradientInputs, method: str) -> Tensor:
    """Return what light speaks for a class, by one of the methods of `GRADIENTS`.

    Returns
    -------
    (N, side, side) float32
        At least 0, not scaled.

    Raises
    ------
    RecipeError
        If the method needs rectifiers that the network does not have.
    """
    with torch.enable_grad():
        heatmap = GRADIENTS[method](asked)
    return heatmap.detach().float()


def _saliency(asked: GradientInputs) -> Tensor:
    """Simonyan et al. 2013, https://arxiv.org/abs/1312.6034: the largest slope of any channel, up or down."""
    slopes: Tensor = Saliency(asked.model).attribute(asked.light, asked.targets, additional_forward_args=asked.masks)
    return slopes.amax(dim=1)


def _guided(asked: GradientInputs) -> Tensor:
    """Springenberg et al. 2014, https://arxiv.org/abs/1412.6806: rectifiers pass back what speaks for the class."""
    model = reachable(asked.model, (asked.light, asked.masks), asked.name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks on ReLU")  # captum takes them away again
        passed: Tensor = GuidedBackprop(model).attribute(
            asked.light, asked.targets, additional_forward_args=asked.masks
        )
    return passed.sum(dim=1).relu()


def _guided_cam(asked: GradientInputs) -> Tensor:
    """Selvaraju et al. 2017, 3.2: guided backpropagation times Grad-CAM."""
    images = torch.cat([asked.light, asked.masks], dim=1)
    _, maps = grad_cam(asked.network, images, lambda _: asked.targets)
    return _guided(asked) * maps


def _integrated(asked: GradientInputs) -> Tensor:
    return integrated_gradients(asked).sum(dim=1).relu()


def integrated_gradients(asked: GradientInputs) -> Tensor:
    """Return what each value of light adds to the logit of the class, (N, c, side, side), on the way from nothing.

    Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365: they add up to the logit, less that of empty glass.
    """
    added: Tensor = IntegratedGradients(asked.model).attribute(
        asked.light,
        asked.empty,
        asked.targets,
        additional_forward_args=asked.masks,
        n_steps=_STEPS,
        internal_batch_size=_AT_ONCE,
    )
    return added


def _occlusion(asked: GradientInputs) -> Tensor:
    """Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901: how much the answer falls where a patch is empty.

    The answer is the log of the odds of the class, which falls where a probability next to 1 would not. Patches are
    squares of an eighth of the side that move by half of one; a pixel has the mean over all patches on it.
    """
    number, channels, side = asked.light.shape[:3]
    patch = max(2, round(side / _PATCHES))
    fallen: Tensor = Occlusion(asked.odds).attribute(
        asked.light,
        (channels, patch, patch),
        (channels, patch // 2, patch // 2),
        asked.empty,
        asked.targets,
        additional_forward_args=asked.masks,
        perturbations_per_eval=max(1, _AT_ONCE // number),
    )
    return fallen.mean(dim=1).relu()


GRADIENTS: Mapping[str, Callable[[GradientInputs], Tensor]] = {
    "saliency": _saliency,
    "guided-backpropagation": _guided,
    "guided-grad-cam": _guided_cam,
    "integrated-gradients": _integrated,
    "occlusion": _occlusion,
}
