"""LossNet: what a classifier's loss on a cell will be, told from its features alone.

Yoo and Kweon, Learning loss for active learning, CVPR 2019, https://arxiv.org/abs/1905.03677, Figure 2; attached to
ResNet18 by Jiang et al. 2023.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from napari_hemalens.errors import RecipeError
from napari_hemalens.models.classifiers import CellClassifier

TAPPED = (64, 128, 256, 512)
"""Channels of the four groups of blocks of ResNet18."""


class LossNet(nn.Module):
    """Predict the loss of each cell from the features of several layers.

    Each is pooled, Linear(c, width), ReLU; concatenated, Linear(4 width, 1). The scale is free: it is trained to rank.

    Parameters
    ----------
    channels : sequence of int
        Of each layer that is tapped.
    width : int
        Numbers that each is brought to; 128 in the paper.
    """

    def __init__(self, channels: Sequence[int] = TAPPED, width: int = 128) -> None:
        super().__init__()
        self.taps = nn.ModuleList(nn.Sequential(nn.Linear(c, width), nn.ReLU()) for c in channels)
        self.score = nn.Linear(len(channels) * width, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return predicted losses (N,) for features (N, c, h, w), one for each tap."""
        pooled = [tap(x.mean(dim=(2, 3))) for tap, x in zip(self.taps, features, strict=True)]  # (N, width) each
        scores: Tensor = self.score(torch.cat(pooled, dim=1))
        return scores[:, 0]


class Prediction(NamedTuple):
    """What is said of a batch: logits (N, K), predicted losses (N,) and embeddings (N, D), all float32."""

    logits: Tensor
    losses: Tensor
    embeddings: Tensor


class LossPredictingClassifier(nn.Module):
    """ResNet18, plain or with attention in its blocks, with a LossNet on its four groups of blocks.

    Attributes
    ----------
    network : CellClassifier
        Names cells; it can be saved and used without the rest.
    loss_net : LossNet

    Raises
    ------
    RecipeError
        If the network has no such groups.
    """

    def __init__(self, network: CellClassifier) -> None:
        super().__init__()
        if not _is_resnet18(network):
            raise RecipeError("A LossNet taps the four groups of blocks of ResNet18: resnet18, or resnet18_block_….")
        self.network = network
        self.loss_net = LossNet()

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, K) of normalised crops (N, 3, H, W)."""
        return self.predict(images).logits

    def predict(self, images: Tensor, *, detached: bool = False) -> Prediction:
        """Return logits, predicted losses and embeddings.

        Parameters
        ----------
        images : (N, 3, H, W) float32
            Normalised crops.
        detached : bool
            Whether the gradient of the predicted loss ends at the taps: LossNet still learns, the backbone no longer
            from it.
        """
        first, *others = self.network.stages
        *stem, group = first.children()
        for layer in stem:
            images = layer(images)
        features = [images]
        for stage in (group, *others):
            features.append(stage(features[-1]))
        logits, _ = self.network.head(features[1:])
        tapped = [x.detach() for x in features] if detached else features
        return Prediction(logits, self.loss_net(tapped), features[-1].mean(dim=(2, 3)))


def _is_resnet18(network: CellClassifier) -> bool:
    """Return whether the first stage ends with two groups of basic blocks, and the other two are one each."""
    first: Any = list(network.stages[0].children())
    groups = [*first[-2:], *network.stages[1:]]
    return [_channels(group) for group in groups] == [*TAPPED]


def _channels(group: Any) -> int:
    last = group[-1] if isinstance(group, nn.Sequential) and len(group) else None
    return int(last.conv2.out_channels) if isinstance(last, BasicBlock) else 0
