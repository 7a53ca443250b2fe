"""Boxes that a frozen detector finds on cells, with the features around them: training data for box refinement.

A frozen detector computes the same features in every epoch. Here it runs once per image; what is trained on top of it
takes minutes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision.ops import box_iou, clip_boxes_to_image

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.attention.box_refinement import BoxRefinement
from napari_hemalens.models.cascade import CascadeBoxHead
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.refining import RefiningRoIHeads, agent_losses
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.training.datasets import Target, TrainingFields

_ON_CELL = 0.5  # IoU from which on a box is that of a cell


class BoxMover(Protocol):
    """Moves boxes by the features around them; takes and returns CPU tensors, whatever device it computes on."""

    def move_boxes(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return the moved boxes (N, 4); features (N, channels, grid, grid) are of windows (N, 4), in pixels."""
        ...


@dataclass(frozen=True, slots=True)
class FrozenOutput:
    """What a frozen detector computed for images of one size, on the CPU.

    Attributes
    ----------
    features : (N, channels, grid, grid) float16
        Of windows around the boxes of all images.
    boxes, windows : (N, 4) float32
        x0, y0, x1, y1 in pixels of the image; boxes as detected, before anything moves them.
    cells : list of dict
        For each image, `labels` and `scores` of its boxes.
    size : (int, int)
        Height and width of the images.
    """

    features: Tensor
    boxes: Tensor
    windows: Tensor
    cells: list[Target]
    size: tuple[int, int]


@torch.no_grad()
def run_frozen(detector: CellDetector, images: Tensor) -> FrozenOutput:
    """Return the boxes and features of `faster_rcnn_attention` for normalised images (N, 3, H, W), before refinement.

    Raises
    ------
    TrainingError
        If the detector has no agents, or they move proposals instead of detections.
    """
    heads = detector.roi_heads
    if not isinstance(heads, RefiningRoIHeads) or not heads.recipe.most_steps or heads.recipe.moves != "detections":
        raise TrainingError(
            "Only faster_rcnn_attention that moves detections, by at least one step, has features to collect."
        )
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    hook = heads.refinement.register_forward_pre_hook(lambda _, args: seen.append(args[:3]))
    try:
        cells = detector.eval()(images.to(next(detector.parameters()).device))
    finally:
        hook.remove()
    grid = heads.refinement.grid
    none = images.new_zeros((0, heads.refinement.key.in_features, grid, grid)), *[images.new_zeros((0, 4))] * 2
    features, boxes, windows = seen[0] if seen else none
    kept = [{"labels": cell["labels"].cpu(), "scores": cell["scores"].cpu()} for cell in cells]
    return FrozenOutput(
        features.half().cpu(), boxes.cpu(), windows.cpu(), kept, (int(images.shape[2]), int(images.shape[3]))
    )


class BoxSamples(Dataset[tuple[Tensor, Target]]):
    """Boxes on cells: features (channels, grid, grid) float16 with `boxes`, `windows`, `truth` (4,) float32.

    Parameters
    ----------
    features : (N, channels, grid, grid) float16
        Of the windows.
    boxes, windows, truth : (N, 4) float32
        The detected box, the window that features are of, and the annotated box: x0, y0, x1, y1 in pixels.
    labels : (N,) int64
        Of the cells, from 1.
    """

    def __init__(self, features: Tensor, boxes: Tensor, windows: Tensor, *, truth: Tensor, labels: Tensor) -> None:
        self.features, self.boxes, self.windows = features, boxes, windows
        self.truth, self.labels = truth, labels

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one box for a draw (index, seed); the seed has no effect."""
        i, _ = draw
        return self.features[i], {"boxes": self.boxes[i], "windows": self.windows[i], "truth": self.truth[i]}

    def draw_balanced(self, count: int, seed: int) -> "BoxSamples":
        """Return `count` samples drawn with replacement, as many of each class."""
        share = 1 / self.labels.bincount().clamp(min=1)[self.labels].double()
        drawn = share.multinomial(count, replacement=True, generator=torch.Generator().manual_seed(seed))
        seen = (part[drawn] for part in (self.features, self.boxes, self.windows))
        return BoxSamples(*seen, truth=self.truth[drawn], labels=self.labels[drawn])


def collect_boxes_steps(
    detector: CellDetector, images: TrainingFields, *, normalised: Callable[[Tensor], Tensor], most: int
) -> Steps[BoxSamples]:
    """Collect boxes that a detector finds on cells of the right class, at an IoU of at least 0.5; `most` per class.

    Raises
    ------
    TrainingError
        If it finds no cell.
    """
    parts: list[tuple[Tensor, ...]] = []
    count = torch.zeros(0, dtype=torch.int64)
    for index in range(len(images)):
        pixels, target = images[index, index]
        output = run_frozen(detector, normalised(pixels[None]))
        found = _on_cells(output, target)
        count = torch.zeros(len(images.names) + 1, dtype=torch.int64) if index == 0 else count
        few = count[found[-1]] < most
        parts.append(tuple(part[few] for part in found))
        count += found[-1][few].bincount(minlength=len(count))
        yield Progress(index + 1, len(images), f"{int(count.sum()):,} boxes on cells of {index + 1:,} images")
    if not count.any():
        raise TrainingError("The detector finds no cell of these images; train it for longer.")
    features, boxes, windows, truth, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    return BoxSamples(features, boxes, windows, truth=truth, labels=labels)


def _on_cells(output: FrozenOutput, target: Target) -> tuple[Tensor, ...]:
    truth, labels = target["boxes"].reshape(-1, 4), target["labels"]
    overlap = box_iou(output.boxes, truth) * (output.cells[0]["labels"][:, None] == labels)
    best, of = overlap.max(dim=1) if len(truth) else (output.boxes.new_zeros(len(output.boxes)), None)
    on = best >= _ON_CELL
    partner = truth[of[on]] if of is not None else truth
    return output.features[on], output.boxes[on], output.windows[on], partner, output.cells[0]["labels"][on]


class AgentLearner(nn.Module):
    """Trains the agents of box refinement on collected boxes, and moves boxes with them."""

    def __init__(self, agents: BoxRefinement, recipe: RefinementRecipe) -> None:
        super().__init__()
        self.agents, self.recipe = agents, recipe

    def forward(self, features: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """Return losses by name for features (N, channels, grid, grid), with one target per box."""
        boxes, windows, truth = _stacked(targets, ("boxes", "windows", "truth"))
        return agent_losses(self.agents(features, boxes, windows, explore=True), truth, self.recipe)

    @torch.no_grad()
    def move_boxes(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return the boxes (N, 4) where agents stop."""
        features, boxes, windows = (part.to(self.agents.place.device) for part in (features, boxes, windows))
        end: Tensor = self.agents(features, boxes, windows).boxes[-1]
        return end.cpu()


class CascadeLearner(nn.Module):
    """Trains a cascade box head on collected boxes, and moves boxes with it: the baseline for agents."""

    def __init__(self, second: CascadeBoxHead) -> None:
        super().__init__()
        self.second = second

    def forward(self, features: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """Return the loss for features (N, channels, grid, grid), with one target per box."""
        boxes, truth = _stacked(targets, ("boxes", "truth"))
        return {"loss_second": self.second.loss(features, boxes, truth)}

    @torch.no_grad()
    def move_boxes(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return the boxes (N, 4) after the second regression."""
        del windows
        at = self.second.trim.weight.device
        end: Tensor = self.second(features.to(at), boxes.to(at))
        return end.cpu()


def _stacked(targets: Sequence[Target], names: Iterable[str]) -> list[Tensor]:
    return [torch.stack([target[name] for target in targets]) for name in names]


class CachedDetector(CellDetector):
    """A detector that computes the features of each image once, however often its boxes are moved.

    Attributes
    ----------
    mover : Mover or None
        What moves the boxes; None: they stay.
    """

    def __init__(self, detector: CellDetector) -> None:
        super().__init__(detector.backbone, detector.rpn, detector.roi_heads)
        self.detector = detector
        self.mover: BoxMover | None = None
        self._outputs: dict[str, FrozenOutput] = {}

    def forward(self, images: Tensor, targets: object = None) -> list[Target]:
        """Return cells as the detector does in evaluation, one dict per image: `boxes`, `labels` and `scores`."""
        del targets
        key = hashlib.sha256(images.cpu().numpy().tobytes()).hexdigest()
        if key not in self._outputs:
            self._outputs[key] = run_frozen(self.detector, images)
        output = self._outputs[key]
        boxes = output.boxes
        if self.mover is not None and len(boxes):
            boxes = self.mover.move_boxes(output.features.float(), boxes, output.windows)
        parts = clip_boxes_to_image(boxes, output.size).split([len(cell["labels"]) for cell in output.cells])
        return [{**cell, "boxes": part} for cell, part in zip(output.cells, parts, strict=True)]
