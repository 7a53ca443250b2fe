"""The rows of `box_refinement`: what moves boxes and how it is trained, and an oracle that knows the truth."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.models.attention.actor_critic import best_actions, matched_iou
from napari_hemalens.models.attention.box_refinement import moved
from napari_hemalens.records.detections import Detections

_ON_CELL = 0.5  # IoU from which on a box is that of a cell
_PAPER = RefinementRecipe()
_FINE = RefinementRecipe(step=0.03, most_steps=10)
_TAUGHT: Mapping[str, Any] = {"optimizer": "adamw", "learning_rate": 1e-3}


@dataclass(frozen=True, slots=True)
class RefinementVariant:
    """A row: what moves boxes, and how it is trained.

    Attributes
    ----------
    label : str
        As the table calls it.
    kind : str
        'still', 'oracle', 'agents' or 'cascade'.
    refinement : RefinementRecipe
        Of agents and oracles.
    training : mapping
        Changes to the budget's recipe.
    seen : bool
        Whether it is trained on images that the detector was trained on.
    begins_with : str
        Row whose agents it starts from; empty: none.
    """

    label: str
    kind: str = "agents"
    refinement: RefinementRecipe = _PAPER
    training: Mapping[str, Any] = field(default_factory=lambda: dict(_TAUGHT))
    seen: bool = False
    starts_from: str = ""

    def plain(self) -> dict[str, Any]:
        """Return all but the label, as JSON has it."""
        parts = {**asdict(self), "refinement": self.refinement.model_dump(mode="json")}
        del parts["label"]
        plain: dict[str, Any] = json.loads(json.dumps(parts))
        return plain


def _agents(recipe: RefinementRecipe = _PAPER, **changes: Any) -> RefinementRecipe:
    return recipe.model_copy(update=changes)


ROWS: Mapping[str, RefinementVariant] = {
    "still": RefinementVariant("boxes not moved", "still"),
    "paper": RefinementVariant(
        "as printed: reward, 5 steps of 10 %, SGD", training={"optimizer": "sgd", "learning_rate": 0.01}
    ),
    "adamw": RefinementVariant("reward, AdamW"),
    "shaped": RefinementVariant(
        "reward of the gain alone, none for stopping", refinement=_agents(stop_bonus=0, entropy=0.05)
    ),
    "fine": RefinementVariant("reward, 10 steps of 3 %", refinement=_FINE),
    "imitation": RefinementVariant("imitation of the best step", refinement=_agents(reward=0, imitation=1)),
    "imitation-reward": RefinementVariant("imitation, then reward", starts_from="imitation"),
    "foresight": RefinementVariant(
        "the gain of every step is learned, not of the one taken", refinement=_agents(reward=0, foresight=1)
    ),
    "foresight-fine": RefinementVariant(
        "the gain of every step is learned, 10 steps of 3 %", refinement=_agents(_FINE, reward=0, foresight=1)
    ),
    "foresight-seen": RefinementVariant(
        "the gain of every step, learned on images that the detector knows",
        refinement=_agents(_FINE, reward=0, foresight=1),
        seen=True,
    ),
    "cascade": RefinementVariant("cascade box head: one more regression, no agents", "cascade"),
    "cascade-seen": RefinementVariant(
        "cascade box head, trained on images that the detector knows", "cascade", seen=True
    ),
    "oracle": RefinementVariant("oracle: the truth is known, 5 steps of 10 %", "oracle"),
    "oracle-fine": RefinementVariant("oracle: the truth is known, 10 steps of 3 %", "oracle", refinement=_FINE),
}
"""By name. A row comes after the one that it starts from."""


def take_best_steps(boxes: Tensor, truth: Tensor, recipe: RefinementRecipe) -> Tensor:
    """Return boxes (N, 4) after greedy steps that gain most IoU with their truth (N, 4), until none gains."""
    for _ in range(recipe.most_steps):
        boxes = moved(boxes, best_actions(boxes, truth, recipe.step), recipe.step)
    return boxes


def move_by_truth(found: Detections, truth: Detections, recipe: RefinementRecipe) -> Detections:
    """Return cells after an oracle moved the boxes with an IoU of at least 0.5 with a true cell of their class."""
    if not len(found) or not len(truth):
        return found
    boxes, true = (torch.from_numpy(f.boxes[:, [1, 0, 3, 2]].copy()) for f in (found, truth))
    names, true_names = (np.array(f.names)[f.classes] for f in (found, truth))
    same = torch.from_numpy(names[:, None] == true_names)
    overlap = matched_iou(boxes[:, None], true[None]) * same
    best, of = overlap.max(dim=1)
    on = best >= _ON_CELL
    boxes[on] = take_best_steps(boxes[on], true[of[on]], recipe)
    return replace(found, boxes=boxes.numpy()[:, [1, 0, 3, 2]].copy())
