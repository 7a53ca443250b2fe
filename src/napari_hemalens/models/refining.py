"""The heads of `faster_rcnn_attention`: torchvision's, with an agent that moves boxes before or after that."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.ops import clip_boxes_to_image

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.models.attention.actor_critic import actor_critic_losses, foresight_loss, imitation_loss, rewards
from napari_hemalens.models.attention.box_refinement import BoxRefinement, Episode, widened

Sizes = list[tuple[int, int]]
Target = dict[str, Tensor]


class RefiningRoIHeads(RoIHeads):
    """torchvision's heads with box refinement (Wang et al. 2021).

    With no steps it is torchvision's. The class is read after the last step where proposals are moved; where
    detections are moved, they keep theirs.

    Attributes
    ----------
    refinement : BoxRefinement
        The agents.
    recipe : RefinementRecipe
        What they move, and how they learn.
    """

    def __init__(self, *args: Any, channels: int, refinement: RefinementRecipe, **options: Any) -> None:
        super().__init__(*args, **options)
        self.recipe = refinement
        self.refinement = BoxRefinement(channels, refinement, grid=int(self.box_roi_pool.output_size[0]))

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
        if self.recipe.moves == "proposals":
            cells, _ = super().forward(features, self.refined(features, proposals, image_shapes), image_shapes)
            return cells, {}
        cells, _ = super().forward(features, proposals, image_shapes)
        if self.recipe.moves == "nothing":
            return cells, {}
        boxes = self.refined(features, [cell["boxes"] for cell in cells], image_shapes)
        return [{**cell, "boxes": box} for cell, box in zip(cells, boxes, strict=True)], {}

    def refined(self, features: dict[str, Tensor], boxes: list[Tensor], image_shapes: Sizes) -> list[Tensor]:
        """Return where agents bring boxes (N, 4) of each image."""
        counts = [len(box) for box in boxes]
        if not self.recipe.most_steps or not sum(counts):
            return boxes
        episode, _ = self._episode(features, boxes, image_shapes, explore=False)
        ends = zip(episode.boxes[-1].split(counts), image_shapes, strict=True)
        return [clip_boxes_to_image(end, size) for end, size in ends]

    def judge_boxes(
        self, features: dict[str, Tensor], boxes: Tensor, image_shapes: Sizes
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return class logits (N, classes + 1), attention (N, grid, grid) and its windows (N, 4), of one image's boxes.

        The attention is that of the last look, after which the agent stopped, or was ended.
        """
        logits, _ = self.box_predictor(self.box_head(self.box_roi_pool(features, [boxes], image_shapes)))
        episode, windows = self._episode(features, [boxes], image_shapes, explore=False)
        return logits, episode.last_look().unflatten(1, (self.refinement.grid,) * 2), windows[0]

    def _episode(
        self, features: dict[str, Tensor], boxes: Sequence[Tensor], image_shapes: Sizes, *, explore: bool
    ) -> tuple[Episode, list[Tensor]]:
        windows = [widened(box, self.recipe.window) for box in boxes]
        seen = self.box_roi_pool(features, windows, image_shapes)
        return self.refinement(seen, torch.cat(list(boxes)), torch.cat(windows), explore=explore), windows

    def losses(
        self, features: dict[str, Tensor], proposals: list[Tensor], image_shapes: Sizes, targets: list[Target]
    ) -> dict[str, Tensor]:
        """Return what the head and the agents lose on regions that are matched with the truth, by name."""
        boxes, matched, labels, wanted = self.select_training_samples(proposals, targets)
        losses: dict[str, Tensor] = {}
        if self.recipe.most_steps and self.recipe.moves == "proposals":
            partner = partners([target["boxes"].to(boxes[0].dtype) for target in targets], matched)
            boxes, losses = self._explore(features, boxes, partner, labels=labels, image_shapes=image_shapes)
            truth = [target["boxes"].to(boxes[0].dtype) for target in targets]
            matched, labels = self.assign_targets_to_proposals(boxes, truth, [target["labels"] for target in targets])
            wanted = self.box_coder.encode(partners(truth, matched), boxes)
        logits, changes = self.box_predictor(self.box_head(self.box_roi_pool(features, boxes, image_shapes)))
        classifier, first = fastrcnn_loss(logits, changes, labels, wanted)
        losses |= {"loss_classifier": classifier, "loss_box_reg": first}
        if self.recipe.most_steps and self.recipe.moves != "proposals":
            named = regress_boxes(self.box_coder, changes, boxes, labels=labels, image_shapes=image_shapes)
            partner = partners([target["boxes"].to(named[0].dtype) for target in targets], matched)
            _, learned = self._explore(features, named, partner, labels=labels, image_shapes=image_shapes)
            losses |= learned
        return losses

    def _explore(
        self,
        features: dict[str, Tensor],
        boxes: list[Tensor],
        partner: list[Tensor],
        *,
        labels: list[Tensor],
        image_shapes: Sizes,
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Let agents explore from boxes, whose true boxes are `partner`; return where they ended, and the losses."""
        episode, _ = self._episode(features, boxes, image_shapes, explore=True)
        truth = torch.cat(partner)
        on_cell = torch.cat(labels) > 0
        learner = episode.of(on_cell)
        losses = agent_losses(learner, truth[on_cell], self.recipe)
        ends = episode.boxes[-1].detach().split([len(box) for box in boxes])
        return [clip_boxes_to_image(end, size) for end, size in zip(ends, image_shapes, strict=True)], losses


def agent_losses(episode: Episode, truth: Tensor, recipe: RefinementRecipe) -> dict[str, Tensor]:
    """Return what agents that explored lose, by name, against the truth (N, 4) of their boxes."""
    losses: dict[str, Tensor] = {}
    if recipe.reward:
        earned = rewards(episode, truth, stop_iou=recipe.stop_iou, stop_bonus=recipe.stop_bonus)
        actor, critic = actor_critic_losses(
            episode, recipe.gain * earned, discount=recipe.discount, entropy=recipe.entropy
        )
        losses |= {"loss_actor": recipe.reward * actor, "loss_critic": recipe.reward * 0.5 * critic}
    if recipe.imitation:
        losses["loss_imitation"] = recipe.imitation * imitation_loss(episode, truth, recipe.step)
    if recipe.foresight:
        losses["loss_foresight"] = recipe.foresight * foresight_loss(episode, truth, recipe.step, recipe.gain)
    return losses


def partners(truth: Sequence[Tensor], matched: Sequence[Tensor]) -> list[Tensor]:
    """Return the true box of each box (N, 4), per image; zeros where an image has none."""
    return [
        boxes[of] if len(boxes) else boxes.new_zeros((len(of), 4)) for boxes, of in zip(truth, matched, strict=True)
    ]


def regress_boxes(
    coder: BoxCoder, changes: Tensor, boxes: list[Tensor], *, labels: list[Tensor], image_shapes: Sizes
) -> list[Tensor]:
    """Return boxes (N, 4) of each image as a head trims them for their class, without a gradient."""
    decoded = coder.decode(changes.detach(), boxes)
    of = torch.cat(labels).clamp(min=0)
    chosen = decoded[torch.arange(len(of), device=of.device), of]
    parts = chosen.split([len(box) for box in boxes])
    return [clip_boxes_to_image(part, size) for part, size in zip(parts, image_shapes, strict=True)]
