"""Classifiers: the 13 rows of Wei et al. 2022 (Table 6), those of Ullah et al. 2021, and those of whole fields.

Wei et al., BMC Med. Inform. Decis. Mak. 22 (2022): 'ours' and 'ours with cross-entropy' are one network,
`alexnet_attention`, under two losses. Its MobileNet is version 1, which torchvision has not; here it is version 2.
VGG-Att, GoogLeNet-Att and ResNet-Att attend the last two stages before L, at strides 8 and 16; so do those of Lite0.

Ullah et al., Appl. Sci. 11:10662 (2021): VGG16 with efficient channel attention after each of its five blocks, pool
included, since 'the refined feature map is the input of the next convolutional block'. Its Table 3 prints two
convolutions a block, which is not VGG16; here there are 13. `eca_vgg16_half` has half the channels of each, for a file
of a few megabytes.

For nucleated cells: `efficientnet_lite0`. For whole fields: `residual_channel_attention`, and ResNet18 with CBAM after
each of its four groups of blocks. For choosing what to label (Jiang et al. 2023): ResNet18 with CBAM, ECA or SRM in
each of its eight blocks; for whole fields also with squeeze and excitation (Hu et al., CVPR 2018, reduction by 16).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock
from torchvision.ops import SqueezeExcitation

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import ImageError, RecipeError
from napari_hemalens.models.attention.cbam import CBAM
from napari_hemalens.models.attention.eca import ECA, adaptive_kernel_size
from napari_hemalens.models.attention.srm import SRM
from napari_hemalens.models.backbones import Backbone, build_backbone, with_batch_norm, with_colours
from napari_hemalens.models.heads import (
    ChannelAttentionHead,
    Maps,
    MemberHead,
    MultiScaleHead,
    PlainHead,
    PooledHead,
    SpatialAttentionHead,
)
from napari_hemalens.models.residual_attention import with_attention_in_blocks
from napari_hemalens.models.residual_channel import residual_channel_backbone
from napari_hemalens.models.starts import RGB
from napari_hemalens.models.views import other_views


class CellClassifier(nn.Module):
    """Names the cell that a crop shows.

    Attributes
    ----------
    stages : three modules
        Each goes on from the one before. The output of `stages[-1]` is L, the features that Grad-CAM looks at.
    head : Module
        Maps the outputs of the stages to logits and maps.
    input_channels : int
        Of the images that it takes.
    smallest_px : int
        Side of the smallest of them, in pixels.
    views : int
        In how many ways round crops are looked at, for the mean of their logits: 1, 2, 4 or 8 (`views.other_views`).
    """

    views: int = 1

    def __init__(self, backbone: Backbone, head: nn.Module, input_channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(backbone.stages)
        self.head = head
        self.input_channels = input_channels
        self.smallest_px = backbone.smallest_px

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, averaged over all views.

        Parameters
        ----------
        images : (N, C, H, W) float32
            Normalised crops: red, green, blue, and whatever further channels the recipe names.

        Returns
        -------
        (N, classes) float32
            Before the softmax.

        Raises
        ------
        ImageError
            If the images have other channels, or are smaller than the network takes.
        """
        return self.name_and_embed(images)[0]

    def attend(self, images: Tensor) -> tuple[Tensor, Maps]:
        """Return logits, and where the network looked: its own attention, no gradients. Of the crops as they are.

        Returns
        -------
        logits : (N, classes) float32
        maps : dict of str to (N, h, w) float32
            In 0-1, by name of layer, each as large as its layer; empty for a network that weights no places.

        Raises
        ------
        ImageError
            If the images have other channels, or are smaller than the network takes.
        """
        logits, maps = self.head(self._features(images))
        return logits, maps

    def name_and_embed(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, classes) as `forward`, and an embedding (N, D) float32 of the crops as they are: mean L.

        Raises
        ------
        ImageError
            As `attend`.
        """
        features = self._features(images)
        # Classes that are put together are so after the mean: the sum of probabilities is no mean of logits.
        members = self.head if isinstance(self.head, MemberHead) else None
        head = self.head if members is None else members.head
        logits = head(features)[0]
        for view in other_views(images, self.views):
            logits = logits + head(self._features(view))[0]
        logits = logits / self.views
        return logits if members is None else members.put_together(logits), features[-1].mean(dim=(2, 3))

    def _features(self, images: Tensor) -> list[Tensor]:
        channels, height, width = images.shape[-3:]
        if channels != self.input_channels:
            raise ImageError(f"The classifier takes images of {self.input_channels} channels; got {channels}.")
        if min(height, width) < (least := self.smallest_px):
            raise ImageError(f"The classifier takes images of at least {least} x {least}; got {height} x {width}.")
        features = [images]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features[1:]


def build_classifier(recipe: ClassifierRecipe, classes: int) -> CellClassifier:
    """Build an untrained classifier for `classes` kinds of cell.

    Raises
    ------
    RecipeError
        If no classifier is called `recipe.network`, it takes no images as small as `recipe.input_size`, or the ground
        of other channels than red, green and blue is to be white.
    WeightsError
        If ImageNet's weights are asked for and cannot be had.
    """
    if recipe.network not in CLASSIFIERS:
        raise RecipeError(f"No classifier {recipe.network!r}. Known: {', '.join(CLASSIFIERS)}.")
    if recipe.white_ground and recipe.input_channels != RGB:
        raise RecipeError(f"Option 'white_ground' is of red, green and blue; got {recipe.input_channels} channels.")
    classifier = CLASSIFIERS[recipe.network](recipe, classes)
    least = classifier.smallest_px
    if recipe.input_size < least:
        raise RecipeError(
            f"{recipe.network} takes images of at least {least} x {least}; input_size is {recipe.input_size}."
        )
    return classifier


def _plain(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone, dense=True)
    return _classifier(recipe, parts, PlainHead(parts.neck, parts.width, classes))


def _pooled(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone)
    return _classifier(recipe, parts, PooledHead(parts.channels[-1], classes))


def _spatial(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone)
    return _classifier(recipe, parts, SpatialAttentionHead(parts.channels, parts.names, classes))


def _channel(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone)
    return _classifier(recipe, parts, ChannelAttentionHead(parts.channels, classes))


def _multi_scale(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone)
    return _classifier(recipe, parts, MultiScaleHead(parts.channels, classes))


def _eca(recipe: ClassifierRecipe, classes: int, *, dense: bool, backbone: str = "vgg16") -> CellClassifier:
    parts = _backbone(recipe, backbone, dense=dense)
    first, second, third = (_with_eca(stage, recipe.eca_kernel) for stage in parts.stages)
    head = PlainHead(parts.neck, parts.width, classes) if dense else PooledHead(parts.channels[-1], classes)
    return _classifier(recipe, replace(parts, stages=(first, second, third)), head)


def _with_eca(stage: nn.Module, kernel_size: int | None) -> nn.Sequential:
    """Return a stage of VGG16 with attention after each of its blocks."""
    layers: list[nn.Module] = []
    channels = 0
    for layer in stage.children():
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            channels = layer.out_channels
        elif isinstance(layer, nn.MaxPool2d):
            layers.append(ECA(kernel_size or adaptive_kernel_size(channels)))
    return nn.Sequential(*layers)


def _cbam(recipe: ClassifierRecipe, classes: int, *, backbone: str) -> CellClassifier:
    parts = _backbone(recipe, backbone)
    first, second, third = (_with_cbam(stage) for stage in parts.stages)
    head = PlainHead(parts.neck, parts.width, classes)
    return _classifier(recipe, replace(parts, stages=(first, second, third)), head)


def _with_cbam(stage: Any) -> nn.Sequential:
    """Return a stage of ResNet with attention after each of its groups of blocks.

    Woo et al. put it into every block; so few leave each map one place in the network and a name of its own.
    """
    layers: list[nn.Module] = []
    # The later stages are such a group, the first has two of them behind the stem.
    for layer in [stage] if isinstance(stage[0], BasicBlock) else stage.children():
        layers.append(layer)
        last: Any = layer[-1] if isinstance(layer, nn.Sequential) else None
        if last is not None:
            layers.append(CBAM(last.conv2.out_channels))
    return nn.Sequential(*layers)


def _in_blocks(
    recipe: ClassifierRecipe, classes: int, *, attention: Callable[[ClassifierRecipe, int], nn.Module]
) -> CellClassifier:
    parts = with_attention_in_blocks(_backbone(recipe, "resnet18"), partial(attention, recipe))
    return _classifier(recipe, parts, PlainHead(parts.neck, parts.width, classes))


def _eca_block(recipe: ClassifierRecipe, channels: int) -> nn.Module:
    return ECA(recipe.eca_kernel or adaptive_kernel_size(channels))


def _srm_block(_: ClassifierRecipe, channels: int) -> nn.Module:
    return SRM(channels)


def _se_block(_: ClassifierRecipe, channels: int) -> nn.Module:
    return SqueezeExcitation(channels, channels // 16)  # type: ignore[no-any-return]


def _residual_channel(recipe: ClassifierRecipe, classes: int) -> CellClassifier:
    parts = residual_channel_backbone(
        imagenet=recipe.start == "imagenet",
        input_channels=recipe.input_channels,
        normalise=recipe.batch_norm,
    )
    return _classifier(recipe, with_colours(parts, recipe), PlainHead(parts.neck, parts.width, classes))


def _backbone(recipe: ClassifierRecipe, name: str, *, dense: bool = False) -> Backbone:
    imagenet = recipe.start == "imagenet"
    plain = build_backbone(name, imagenet=imagenet, input_channels=recipe.input_channels, dense=dense)
    parts = with_colours(plain, recipe)
    return with_batch_norm(parts) if recipe.batch_norm else parts


def _classifier(recipe: ClassifierRecipe, parts: Backbone, head: nn.Module) -> CellClassifier:
    return CellClassifier(parts, head, recipe.input_channels)


CLASSIFIERS: Mapping[str, Callable[[ClassifierRecipe, int], CellClassifier]] = {
    "efficientnet_lite0": partial(_plain, backbone="efficientnet_lite0"),
    "efficientnet_lite0_attention": partial(_spatial, backbone="efficientnet_lite0"),
    "efficientnet_lite0_channel_attention": partial(_channel, backbone="efficientnet_lite0"),
    "efficientnet_lite0_pooled": partial(_pooled, backbone="efficientnet_lite0"),
    "mobilenet_v2": partial(_plain, backbone="mobilenet_v2"),
    "vgg16": partial(_plain, backbone="vgg16"),
    "vgg16_attention": partial(_spatial, backbone="vgg16"),
    "googlenet": partial(_plain, backbone="googlenet"),
    "googlenet_attention": partial(_spatial, backbone="googlenet"),
    "resnet50": partial(_plain, backbone="resnet50"),
    "resnet50_attention": partial(_spatial, backbone="resnet50"),
    "alexnet": partial(_plain, backbone="alexnet"),
    "alexnet_light": partial(_pooled, backbone="alexnet"),
    "msa_net": partial(_multi_scale, backbone="resnet50"),
    "alexnet_channel_attention": partial(_channel, backbone="alexnet"),
    "alexnet_attention": partial(_spatial, backbone="alexnet"),
    "eca_vgg16": partial(_eca, dense=True),
    "eca_vgg16_pooled": partial(_eca, dense=False),
    "eca_vgg16_half": partial(_eca, dense=False, backbone="vgg16_half"),
    "vgg16_pooled": partial(_pooled, backbone="vgg16"),
    "vgg16_half": partial(_pooled, backbone="vgg16_half"),
    "resnet18": partial(_plain, backbone="resnet18"),
    "resnet18_attention": partial(_spatial, backbone="resnet18"),
    "resnet18_cbam": partial(_cbam, backbone="resnet18"),
    "resnet18_block_cbam": partial(_in_blocks, attention=lambda _, channels: CBAM(channels)),
    "resnet18_block_eca": partial(_in_blocks, attention=_eca_block),
    "resnet18_block_srm": partial(_in_blocks, attention=_srm_block),
    "resnet18_block_se": partial(_in_blocks, attention=_se_block),
    "residual_channel_attention": _residual_channel,
}
