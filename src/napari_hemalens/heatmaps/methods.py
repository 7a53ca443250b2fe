"""The ways to find out where a network looks, and which of them a network has. Loads no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from napari_hemalens.config.networks import ClassifierRecipe, NetworkRecipe
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.cards import AnyCard, DetectorCard, ModelCard
from napari_hemalens.records.explained import PREDICTED

Kind: TypeAlias = Literal["attention", "features", "gradient", "occlusion"]
"""Weights of places, which the network computes and uses; its features, as they are; or what is found out on it."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way.

    Attributes
    ----------
    name : str
        What the command line calls it.
    title : str
        What a menu calls it.
    kind : str
        Whether it is the network's own, or found out on it.
    passes : int
        How often the network is run for a map, about; attention and features come with the answer.
    inside : bool
        Whether it is read from layers within the stages of the network, which another runtime may not have.
    """

    name: str
    title: str
    kind: Kind
    passes: int = 1
    inside: bool = False


BOTH = "attention"
"""All maps of a network's own attention as one: their mean."""

# The attended layers of each network, as its maps are called (models.backbones.Backbone.names, models.heads).
_MAPS: Mapping[str, tuple[str, ...]] = {
    "alexnet_attention": ("layer 5", "layer 6"),
    "vgg16_attention": ("block 3", "block 4"),
    "googlenet_attention": ("inception 3", "inception 4"),
    "resnet50_attention": ("layer 2", "layer 3"),
    "efficientnet_lite0_attention": ("stride 8", "stride 16"),
    "resnet18_attention": ("layer 2", "layer 3"),
    "msa_net": ("dilation 1", "dilation 2", "dilation 4"),
}
# How many modules of CBAM each network has: they weight places on the way, and give no maps with the answer.
_CBAM: Mapping[str, int] = {"resnet18_cbam": 4, "resnet18_block_cbam": 8}
_ECA = frozenset({"eca_vgg16", "eca_vgg16_pooled", "eca_vgg16_half", "resnet18_block_eca"})

GRAD_CAM: Mapping[str, int] = {"grad-cam": 2, "grad-cam-high": 1, "grad-cam-middle": 0}
"""Of which stage of a network each Grad-CAM is: the last has the coarsest map, one place for 32 pixels a side."""

_FINE_FROM = 128  # pixels a side, from which the last stage has four places a side or more

_ANY = (
    Method("grad-cam", "Grad-CAM", "gradient"),
    Method("grad-cam-high", "Grad-CAM, last stage but one", "gradient"),
    Method("grad-cam-middle", "Grad-CAM, first stage", "gradient"),
    Method("guided-grad-cam", "Guided Grad-CAM", "gradient", passes=4),
    Method("guided-backpropagation", "Guided backpropagation", "gradient", passes=4),
    Method("saliency", "Saliency", "gradient", passes=4),
    Method("integrated-gradients", "Integrated gradients", "gradient", passes=64),
    Method("occlusion", "Occlusion", "occlusion", passes=256),
)


_OF_AGENTS = (Method(BOTH, "Attention to the box", "attention"),)


def methods_of(network: ClassifierRecipe | NetworkRecipe) -> tuple[Method, ...]:
    """Return the methods of a network: its own attention first, then those that any classifier has."""
    if isinstance(network, NetworkRecipe):
        return _OF_AGENTS
    return (*_own(network.network), *_ANY)


def method_of(network: ClassifierRecipe | NetworkRecipe, name: str) -> Method:
    """Return a method of a network by name.

    Raises
    ------
    RecipeError
        If the network has no such method.
    """
    known = {method.name: method for method in methods_of(network)}
    if name not in known:
        raise RecipeError(f"No heatmap {name!r} of {network.network}. Known: {', '.join(known)}.")
    return known[name]


def best_of(card: AnyCard) -> Method:
    """Return the method that points best with these weights; where nobody measured, the first of its own, or Grad-CAM.

    Feature maps are not asked first: they show what there is to see, not what was looked for. Grad-CAM is that of the
    first stage where crops are so small that the last has a place or two a side.
    """
    if isinstance(card, DetectorCard):
        return _OF_AGENTS[0]
    if card.heatmap is not None:
        return method_of(card.network, card.heatmap)
    attention = [method for method in _own(card.network.network) if method.kind == "attention"]
    if attention:
        return attention[0]
    return method_of(card.network, "grad-cam" if card.crop.side >= _FINE_FROM else "grad-cam-middle")


def resolve_recipe(recipe: ExplanationRecipe, card: AnyCard) -> ExplanationRecipe:
    """Return a recipe that names its method.

    Raises
    ------
    RecipeError
        If the network has no such method, or the weights know no such class.
    """
    target_of(card, recipe.target)
    method = best_of(card) if recipe.method is None else method_of(card.network, recipe.method)
    return recipe.model_copy(update={"method": method.name})


def target_of(card: ModelCard, name: str) -> int | None:
    """Return the index of a class by name; None for 'predicted'.

    Raises
    ------
    RecipeError
        If the weights know no such class.
    """
    if name == PREDICTED:
        return None
    if name not in card.classes:
        raise RecipeError(
            f"No class {name!r} of the weights {card.name}. Known: {PREDICTED}, {', '.join(card.classes)}."
        )
    return card.classes.index(name)


def name_of(layer: str) -> str:
    """Return the name of the method that shows the map of a layer: 'layer-5' of 'layer 5'."""
    return layer.replace(" ", "-")


def maps_of(network: str) -> tuple[Method, ...]:
    """Return the maps of places that a classifier gives with its answer: none for one without spatial attention."""
    maps = [Method(name_of(layer), f"Attention, {layer}", "attention") for layer in _MAPS.get(network, ())]
    if len(maps) > 1:
        maps.append(Method(BOTH, "Attention, all layers", "attention"))
    return tuple(maps)


def _own(network: str) -> tuple[Method, ...]:
    maps = list(maps_of(network))
    blocks = range(1, 1 + _CBAM.get(network, 0))
    maps += [Method(f"cbam-{block}", f"CBAM, block {block}", "attention", inside=True) for block in blocks]
    for block in (1, 2) if network in _ECA else ():  # Ullah et al. 2021 show the first and the second, in Figure 8
        maps.append(Method(f"eca-{block}", f"Features of block {block}, weighted", "features", inside=True))
        maps.append(Method(f"eca-{block}-without", f"Features of block {block}, unweighted", "features", inside=True))
    return tuple(maps)
