"""Networks to files and back; nothing is unpickled.

Weights are kept at 8 bits a number, a quarter of the size. Each output channel of a convolution or
linear layer has a scale of its own (symmetric, per channel: Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342); vectors such as biases and normalisation stay float32. Networks
compute in float32 unless a run asks for half precision. Figures are always those of the network as
it is loaded from its file.
"""

from collections.abc import Container, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from napari_hemalens.atomic import writing
from napari_hemalens.config.networks import ClassifierRecipe, NetworkRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard
from napari_hemalens.models.classifiers import CellClassifier, build_classifier
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.models.heads import MemberHead
from napari_hemalens.models.novelty import PREFIX, Novelty
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.models.starts import row_of_class
from napari_hemalens.models.weights import detector_card, verify, with_bases
from napari_hemalens.records.taxonomy import known_as

_SCALE = ":scale"  # follows the name of a tensor that is kept at 8 bits
_BODY = ".body."
_PREDICTOR = "roi_heads.box_predictor."  # the one part of a detector that depends on its classes


def save_network(
    network: nn.Module, path: Path, *, but: Container[str] = (), beside: Mapping[str, Tensor] | None = None
) -> None:
    """Write the tensors of a network as safetensors, but for some by name; those `beside` are written as they are."""
    kept: dict[str, Tensor] = dict(beside or {})
    for name, tensor in network.state_dict().items():
        if name in but:
            continue
        value = tensor.detach().cpu().contiguous()
        if value.ndim > 1 and value.is_floating_point():
            per_channel = (1, *range(2, value.ndim))
            scale = value.abs().amax(dim=per_channel, keepdim=True).clamp(min=1e-12) / 127
            kept[name] = (value / scale).round().to(torch.int8)
            kept[name + _SCALE] = scale
        else:
            kept[name] = value
    with writing(path) as file:
        save_file(kept, file)


def load_into(network: nn.Module, path: Path, *, partly: bool = False) -> None:
    """Fill a network, or a part of it, from a file that `save_network` wrote.

    Raises
    ------
    WeightsError
        If the file holds the tensors of another network, or none.
    """
    try:
        kept = load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path} is no file of safetensors: {error}.") from error
    state = {
        name: tensor.float() * kept[name + _SCALE] if name + _SCALE in kept else tensor
        for name, tensor in kept.items()
        if not name.endswith(_SCALE) and not name.startswith(PREFIX)
    }
    own = network.state_dict() if partly else {}
    try:
        network.load_state_dict({**own, **state})
    except RuntimeError as error:
        raise WeightsError(f"{path} holds the weights of another network.") from error


def build_network(card: AnyCard) -> nn.Module:
    """Return the network of a model card, untrained."""
    if isinstance(card, DetectorCard):
        return build_detector(card.network.model_copy(update={"start": "scratch"}), len(card.classes))
    return build_classifier(card.network.model_copy(update={"start": "scratch"}), card.outputs)


def load_detector(card: DetectorCard, device: torch.device) -> CellDetector:
    """Return the detector of a model card, ready to run, after a check of its file's hash.

    The last two stay in memory.

    Raises
    ------
    WeightsError
        If the file is not the one that the card is of, or adds to weights that are not there as they were.
    """
    file = _WeightsFile(verify(card), card.sha256, _base_of(card))
    return _build_detector(file, card.network, classes=card.classes, device=device)


def _base_of(card: DetectorCard) -> str | None:
    """Return the name of the weights that a card's file adds to, after a check that they are the same."""
    bases = with_bases(card)[1:]
    if bases and bases[0].sha256 != card.base_sha256:
        raise WeightsError(
            f"The weights {card.name} add to {card.base} as it was when they were trained; it has changed since. Train "
            "them again."
        )
    return card.base


class _WeightsFile(NamedTuple):
    """A file of weights, and the packed weights that it adds to; one that was exchanged has another hash."""

    path: Path
    sha256: str
    base: str | None = None


@lru_cache(maxsize=2)
def _build_detector(
    file: _WeightsFile, recipe: NetworkRecipe, *, classes: Sequence[str], device: torch.device
) -> CellDetector:
    network = build_detector(recipe.model_copy(update={"start": "scratch"}), len(classes))
    if file.base is not None:
        start_from(network, detector_card(file.base), recipe, classes)
    load_into(network, file.path, partly=file.base is not None)
    network.eval().to(device).to(memory_format=torch.channels_last)
    return network


def load_classifier(card: ClassifierCard, device: torch.device) -> CellClassifier:
    """Return the classifier of a model card, as `load_detector` does a detector."""
    file = _WeightsFile(verify(card), card.sha256)
    network = _build_classifier(file, card.network, classes=card.outputs, device=device)
    answering = copy(network)  # the parts stay one copy in memory
    answering._modules = dict(network._modules)
    answering.views = card.views
    if card.members:
        answering.head = MemberHead(network.head, card.members, card.temperature)
    return answering.eval()


def load_novelty(card: ClassifierCard, device: torch.device) -> Novelty | None:
    """Return where the training cells of a classifier lie in its embedding; None if its file does not say.

    Ask for it after `load_classifier`, which checks the hash of the file.
    """
    found = _read_novelty(_WeightsFile(card.file, card.sha256), device)
    return None if found is None else replace(found, far=found.far * card.novelty_scale)


@lru_cache(maxsize=2)
def _read_novelty(file: _WeightsFile, device: torch.device) -> Novelty | None:
    found = Novelty.from_tensors(load_file(file.path))
    return None if found is None else found.to(device)


@lru_cache(maxsize=2)
def _build_classifier(
    file: _WeightsFile, recipe: ClassifierRecipe, *, classes: int, device: torch.device
) -> CellClassifier:
    network = build_classifier(recipe.model_copy(update={"start": "scratch"}), classes)
    load_into(network, file.path)
    return network.eval().to(device).to(memory_format=torch.channels_last)


def start_from(network: CellDetector, card: DetectorCard, recipe: NetworkRecipe, classes: Sequence[str]) -> None:
    """Fill a new detector with what trained weights know, for classes of its own.

    Classes that the weights know, by whatever name, keep what was learned of them, and one that includes several begins
    as their mean (`records.taxonomy.known_as`). The others start afresh, and so do a bottom-up path and agents, where
    the weights are of `faster_rcnn_fpn` without. Of `faster_rcnn_cascade`, a plain pyramid and agents leave out the
    cascade box head.

    Raises
    ------
    WeightsError
        If the weights are of another kind of network than `recipe` asks for.
    """
    kind, asked = (f"{r.network} on {r.backbone}, size {r.size}" for r in (card.network, recipe))
    grows = _grows(card.network, recipe)
    if kind != asked and not (grows and kind == asked.replace(recipe.network, card.network.network)):
        raise WeightsError(f"The weights {card.name} are of {kind}; the recipe asks for {asked}.")
    trained = known_to(card, recipe)
    known = {new + 1: [i + 1 for i in known_as(name, card.classes)] for new, name in enumerate(classes)}
    known[0] = [0]  # the background
    for name, tensor in network.state_dict().items():
        if grows and name not in trained:
            continue
        if name.startswith(_PREDICTOR):
            rows = tensor.view(len(classes) + 1, -1)  # a class each: its score, or the four numbers of its box
            learned = trained[name].reshape(len(card.classes) + 1, -1)
            for new, those in known.items():
                if those:
                    rows[new] = row_of_class(learned[those], is_bias=name == f"{_PREDICTOR}cls_score.bias")
        else:
            tensor.copy_(trained[name])


def known_to(card: DetectorCard, recipe: NetworkRecipe) -> Mapping[str, Tensor]:
    """Return the tensors of trained weights, by the names that they have in a detector which begins with them."""
    trained: Mapping[str, Tensor] = load_detector(card, torch.device("cpu")).state_dict()
    if _has_path(recipe) and not _has_path(card.network):
        return {name.replace("backbone.", "backbone.pyramid.", 1): tensor for name, tensor in trained.items()}
    return trained


def preprocess_of(card: DetectorCard) -> Preprocess:
    """Return what happens to pixels before the network of a model card sees them."""
    return Preprocess(card.pixel_size_um, card.mean, card.std)


@torch.no_grad()
def start_body_from(network: CellDetector, card: DetectorCard, recipe: NetworkRecipe) -> None:
    """Fill the ResNet of a new detector, of whatever kind, with that of trained weights.

    Raises
    ------
    WeightsError
        If it is another ResNet.
    """
    if card.network.backbone != recipe.backbone:
        raise WeightsError(
            f"The weights {card.name} hold a {card.network.backbone}; the recipe asks for {recipe.backbone}."
        )
    trained = load_detector(card, torch.device("cpu")).state_dict()
    of_body = {name.split(_BODY)[1]: tensor for name, tensor in trained.items() if _BODY in name}
    for name, tensor in network.state_dict().items():
        if _BODY in name:
            tensor.copy_(of_body[name.split(_BODY)[1]])


def _grows(trained: NetworkRecipe, asked: NetworkRecipe) -> bool:
    """Return whether a pyramid gets a bottom-up path, or what moves its boxes, that its weights lack."""
    if trained.network == "faster_rcnn_cascade":
        return asked.network in {"faster_rcnn_fpn", "faster_rcnn_attention"}
    if trained.network != "faster_rcnn_fpn":
        return False
    if trained.bottom_up and not _has_path(asked):
        return False
    return asked.network in {"faster_rcnn_attention", "faster_rcnn_cascade"} or asked.bottom_up > trained.bottom_up


def _has_path(recipe: NetworkRecipe) -> bool:
    """Return whether a pyramid has a path back up."""
    return recipe.network == "faster_rcnn_attention" or recipe.bottom_up
