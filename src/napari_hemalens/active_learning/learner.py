"""What a round trains and asks: a classifier, with or without a LossNet."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.loss_prediction import LossPredictingClassifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.training.datasets import Target
from napari_hemalens.training.losses import ranking_loss

_BATCH = 128


class RoundLearner(nn.Module):
    """Wrap a network for the training loop: maps crops and targets to losses by name.

    Cross-entropy, and with a LossNet the ranking of the cells of a batch by it, whose gradient ends at the taps late in
    the training: `recipe.detach_from`.
    """

    step: Tensor

    def __init__(self, network: CellClassifier | LossPredictingClassifier, recipe: RoundsRecipe) -> None:
        super().__init__()
        self.network, self.margin = network, recipe.margin
        self.detach_from = round(recipe.detach_from * recipe.steps)
        self.register_buffer("step", torch.tensor(0))  # so that a checkpoint knows it

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """Return the losses of crops (N, 3, side, side)."""
        labels = torch.cat([target["labels"] for target in targets])
        if not isinstance(self.network, LossPredictingClassifier):
            return {"loss_class": functional.cross_entropy(self.network(images).float(), labels)}
        said = self.network.predict(images, detached=int(self.step) >= self.detach_from)
        self.step += 1
        losses = functional.cross_entropy(said.logits.float(), labels, reduction="none")  # (N,)
        return {
            "loss_class": losses.mean(),
            "loss_rank": ranking_loss(said.losses.float(), losses, margin=self.margin),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a network makes of cells: probabilities (n, K), embeddings (n, D) and predicted losses (n,), all float32."""

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    losses: NDArray[np.float32] | None


@torch.inference_mode()
def look_at(network: nn.Module, cells: PoolCells, rows: NDArray[np.int64], side: int) -> Looked:
    """Return what a network makes of some cells of a pool, in evaluation; afterwards it is as it was.

    Parameters
    ----------
    network : CellClassifier or LossPredictingClassifier
    cells : PoolCells
    rows : (n,) int64
        Which cells.
    side : int
        Of a crop as it is seen, in pixels.
    """
    was, at = network.training, next(network.parameters()).device
    network.eval()
    parts = []
    for start in range(0, len(rows), _BATCH):
        images = normalised(cells.as_seen(rows[start : start + _BATCH], side).to(at))
        parts.append(_said(network, images.contiguous(memory_format=torch.channels_last)))
    network.train(was)
    columns = [torch.cat(column).float().cpu().numpy() for column in zip(*parts, strict=True)]
    return Looked(columns[0], columns[1], columns[2] if len(columns) > 2 else None)


def _said(network: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    if isinstance(network, LossPredictingClassifier):
        said = network.predict(images)
        return said.logits.softmax(dim=1), said.embeddings, said.losses
    logits, embeddings = network.name_and_embed(images)  # type: ignore[operator]
    return logits.softmax(dim=1), embeddings
