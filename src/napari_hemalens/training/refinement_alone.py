"""Training of the box refinement of a trained detector, and of nothing else: minutes where the whole takes hours."""

from typing import Self

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

from napari_hemalens.errors import RecipeError
from napari_hemalens.models.cascade import CascadeRoIHeads
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.refining import RefiningRoIHeads


class RefinementAlone(nn.Module):
    """Wraps a detector so that only box refinement is trained; the rest runs as in inference.

    Parameters
    ----------
    detector : CellDetector
        `faster_rcnn_attention` or `faster_rcnn_cascade`; all but its agents, or its cascade box head, is frozen.

    Raises
    ------
    RecipeError
        If it has neither, or agents take no steps.
    """

    def __init__(self, detector: CellDetector) -> None:
        super().__init__()
        heads = detector.roi_heads
        self.detector = detector.requires_grad_(False)
        if isinstance(heads, CascadeRoIHeads):
            heads.second.requires_grad_(True)
        elif isinstance(heads, RefiningRoIHeads) and heads.recipe.most_steps:
            heads.refinement.requires_grad_(True)
        else:
            raise RecipeError(
                "Only faster_rcnn_attention, with at least one step, and faster_rcnn_cascade have a refinement that "
                "learns alone."
            )
        self.heads = heads

    def train(self, mode: bool = True) -> Self:
        """Let the heads sample boxes to train on; running means and proposals stay those of inference."""
        super().train(mode)
        self.detector.eval()
        self.heads.training = mode
        return self

    def forward(self, images: Tensor, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return the losses of box refinement by name; the images' sides are multiples of the coarsest stride."""
        sizes = [(int(images.shape[2]), int(images.shape[3]))] * len(images)
        with torch.no_grad():
            features = self.detector.backbone(images)
            proposals, _ = self.detector.rpn(ImageList(images, sizes), features)
        losses = self.heads.losses(features, proposals, sizes, targets)
        return {name: loss for name, loss in losses.items() if name not in {"loss_classifier", "loss_box_reg"}}
