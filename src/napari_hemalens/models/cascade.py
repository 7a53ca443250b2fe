"""A detector that looks at each box once more and trims it again: a second stage of Cascade R-CNN, without classes.

Cai and Vasconcelos 2018, https://arxiv.org/abs/1712.00726. It does in one go what the agents of Wang et al. 2021 do
step by step, from the same features (`docs/results/box-refinement.md`).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.ops import clip_boxes_to_image

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.models.attention.box_refinement import widened
from napari_hemalens.models.refining import Sizes, Target, partners, regress_boxes

_SMOOTH = 1 / 9  # where the loss of a trim turns from square to straight, as in torchvision's heads


class CascadeBoxHead(nn.Module):
    """What trims boxes once more by what is seen around them; at first it leaves them.

    Parameters
    ----------
    channels : int
        Of the features.
    hidden : int
        Of both of its layers.
    grid : int
        Places of a window a side.
    """

    def __init__(self, channels: int, *, hidden: int, grid: int) -> None:
        super().__init__()
        self.head = TwoMLPHead(channels * grid * grid, hidden)
        self.trim = nn.Linear(hidden, 4)
        self.coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
        nn.init.zeros_(self.trim.weight)
        nn.init.zeros_(self.trim.bias)

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Return regressed boxes (N, 4); features (N, channels, grid, grid) are of windows around them."""
        again: Tensor = self.coder.decode_single(self.trim(self.head(features)).float(), boxes)
        return again

    def loss(self, features: Tensor, boxes: Tensor, truth: Tensor) -> Tensor:
        """Return how far its changes are from those that lead to the truth (N, 4): a mean, 0 of no box."""
        wanted: Tensor = self.coder.encode_single(truth, boxes)
        changes: Tensor = self.trim(self.head(features)).float()
        away: Tensor = nn.functional.smooth_l1_loss(changes, wanted, beta=_SMOOTH, reduction="sum")
        return away / max(1, wanted.numel())


class CascadeRoIHeads(RoIHeads):
    """torchvision's heads, and a cascade box head that regresses their boxes once more; classes and scores stay.

    Attributes
    ----------
    second : CascadeBoxHead
        What looks again.
    """

    def __init__(self, *args: Any, channels: int, refinement: RefinementRecipe, **options: Any) -> None:
        super().__init__(*args, **options)
        self.window = refinement.window
        grid = int(self.box_roi_pool.output_size[0])
        self.second = CascadeBoxHead(channels, hidden=refinement.hidden, grid=grid)

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: Sizes,
        targets: list[Target] | None = None,
    ) -> tuple[list[Target], dict[str, Tensor]]:
        """Return cells and no losses in evaluation, losses and no cells in training."""
        if targets is not None and self.training:
            return [], self.losses(features, proposals, image_shapes, targets)
        cells, _ = super().forward(features, proposals, image_shapes)
        boxes = [cell["boxes"] for cell in cells]
        again = self.second(self._seen(features, boxes, image_shapes), torch.cat(boxes))
        parts = zip(cells, again.split([box.shape[0] for box in boxes]), image_shapes, strict=True)
        return [{**cell, "boxes": clip_boxes_to_image(box, size)} for cell, box, size in parts], {}

    def losses(
        self, features: dict[str, Tensor], proposals: list[Tensor], image_shapes: Sizes, targets: list[Target]
    ) -> dict[str, Tensor]:
        """Return the losses of the heads and of the cascade box head on regions matched with the truth, by name."""
        boxes, matched, labels, wanted = self.select_training_samples(proposals, targets)
        logits, changes = self.box_predictor(self.box_head(self.box_roi_pool(features, boxes, image_shapes)))
        classifier, first = fastrcnn_loss(logits, changes, labels, wanted)
        found = regress_boxes(self.box_coder, changes, boxes, labels=labels, image_shapes=image_shapes)
        truth = torch.cat(partners([target["boxes"].to(boxes[0].dtype) for target in targets], matched))
        on = [label > 0 for label in labels]
        cells = [box[positive] for box, positive in zip(found, on, strict=True)]
        seen = self._seen(features, cells, image_shapes)
        second = self.second.loss(seen, torch.cat(cells), truth[torch.cat(on)])
        return {"loss_classifier": classifier, "loss_box_reg": first, "loss_second": second}

    def _seen(self, features: dict[str, Tensor], boxes: list[Tensor], image_shapes: Sizes) -> Tensor:
        windows = [widened(box, self.window) for box in boxes]
        seen: Tensor = self.box_roi_pool(features, windows, image_shapes)
        return seen
