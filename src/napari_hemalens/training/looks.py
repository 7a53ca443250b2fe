"""Boxes that a fixed detector finds on cells, and what can be seen around them: what a second look learns from.

A detector that does not learn sees the same in every epoch. Here it looks at each image once; what is learned on top
of it takes minutes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision.ops import box_iou, clip_boxes_to_image

from napari_hemalens.config.options import RefinementRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.attention.box_refinement import BoxRefinement
from napari_hemalens.models.cascade import CascadeBoxHead
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.refining import RefiningRoIHeads, agent_losses
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.training.datasets import Target, TrainingFields

_ON_CELL = 0.5  # IoU from which on a box is that of a cell


class Mover(Protocol):
    """What moves boxes by what is seen around them; it takes and returns tensors of the CPU, wherever it computes."""

    def ends(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return where boxes (N, 4) end; features (N, channels, grid, grid) are of windows (N, 4)."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What a detector saw in images of one size, on the CPU.

    Attributes
    ----------
    features : (N, channels, grid, grid) float16
        Of windows around the boxes of all images.
    boxes, windows : (N, 4) float32
        x0, y0, x1, y1; boxes as found, before anything moves them.
    cells : list of dict
        An image each: `labels` and `scores` of its boxes.
    size : (int, int)
        Height and width of the images.
    """

    features: Tensor
    boxes: Tensor
    windows: Tensor
    cells: list[Target]
    size: tuple[int, int]


@torch.no_grad()
def looked(detector: CellDetector, images: Tensor) -> Sight:
    """Return what `faster_rcnn_attention` sees in normalised images (N, 3, H, W), before its agents move anything."""
    heads = detector.roi_heads
    if not isinstance(heads, RefiningRoIHeads) or not heads.recipe.most_steps or heads.recipe.moves != "detections":
        raise TrainingError("Only faster_rcnn_attention that moves detections, by at least one step, can look twice.")
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
    return Sight(features.half().cpu(), boxes.cpu(), windows.cpu(), kept, (int(images.shape[2]), int(images.shape[3])))


class Looks(Dataset[tuple[Tensor, Target]]):
    """Boxes on cells as items: features (channels, grid, grid) float16, and `boxes`, `windows`, `truth` (4,) float32.

    Parameters
    ----------
    features : (N, channels, grid, grid) float16
        Of the windows.
    boxes, windows, truth : (N, 4) float32
        As found, what is seen of them, and as annotated.
    labels : (N,) int64
        Of the cells, from 1.
    """

    def __init__(self, features: Tensor, boxes: Tensor, windows: Tensor, *, truth: Tensor, labels: Tensor) -> None:
        self.features, self.boxes, self.windows = features, boxes, windows
        self.truth, self.labels = truth, labels

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one box for a draw (index, seed); nothing is left to chance."""
        i, _ = draw
        return self.features[i], {"boxes": self.boxes[i], "windows": self.windows[i], "truth": self.truth[i]}

    def balanced(self, count: int, seed: int) -> "Looks":
        """Return so many looks, drawn with as many of each class, again and again where there are few."""
        share = 1 / self.labels.bincount().clamp(min=1)[self.labels].double()
        drawn = share.multinomial(count, replacement=True, generator=torch.Generator().manual_seed(seed))
        seen = (part[drawn] for part in (self.features, self.boxes, self.windows))
        return Looks(*seen, truth=self.truth[drawn], labels=self.labels[drawn])


def looks_steps(
    detector: CellDetector, images: TrainingFields, *, normalised: Callable[[Tensor], Tensor], most: int
) -> Steps[Looks]:
    """Gather boxes that a detector finds on cells of the right class, at an IoU of 0.5 at least; `most` of a class.

    Raises
    ------
    TrainingError
        If it finds none.
    """
    parts: list[tuple[Tensor, ...]] = []
    count = torch.zeros(0, dtype=torch.int64)
    for index in range(len(images)):
        pixels, target = images[index, index]
        sight = looked(detector, normalised(pixels[None]))
        found = _on_cells(sight, target)
        count = torch.zeros(len(images.names) + 1, dtype=torch.int64) if index == 0 else count
        few = count[found[-1]] < most
        parts.append(tuple(part[few] for part in found))
        count += found[-1][few].bincount(minlength=len(count))
        yield Progress(index + 1, len(images), f"{int(count.sum()):,} boxes on cells of {index + 1:,} images")
    if not count.any():
        raise TrainingError("The detector finds no cell of these images; train it for longer.")
    features, boxes, windows, truth, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    return Looks(features, boxes, windows, truth=truth, labels=labels)


def _on_cells(sight: Sight, target: Target) -> tuple[Tensor, ...]:
    truth, labels = target["boxes"].reshape(-1, 4), target["labels"]
    overlap = box_iou(sight.boxes, truth) * (sight.cells[0]["labels"][:, None] == labels)
    best, of = overlap.max(dim=1) if len(truth) else (sight.boxes.new_zeros(len(sight.boxes)), None)
    on = best >= _ON_CELL
    partner = truth[of[on]] if of is not None else truth
    return sight.features[on], sight.boxes[on], sight.windows[on], partner, sight.cells[0]["labels"][on]


class AgentsAlone(nn.Module):
    """Agents that learn from looks, and move boxes."""

    def __init__(self, agents: BoxRefinement, recipe: RefinementRecipe) -> None:
        super().__init__()
        self.agents, self.recipe = agents, recipe

    def forward(self, features: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """Return losses by name; features (N, channels, grid, grid), a target a box."""
        boxes, windows, truth = _stacked(targets, ("boxes", "windows", "truth"))
        return agent_losses(self.agents(features, boxes, windows, explore=True), truth, self.recipe)

    @torch.no_grad()
    def ends(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return where agents stop."""
        features, boxes, windows = (part.to(self.agents.place.device) for part in (features, boxes, windows))
        end: Tensor = self.agents(features, boxes, windows).boxes[-1]
        return end.cpu()


class TrimAlone(nn.Module):
    """A second trim that learns from looks, and moves boxes: the yardstick of agents."""

    def __init__(self, second: CascadeBoxHead) -> None:
        super().__init__()
        self.second = second

    def forward(self, features: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """Return the loss; features (N, channels, grid, grid), a target a box."""
        boxes, truth = _stacked(targets, ("boxes", "truth"))
        return {"loss_second": self.second.loss(features, boxes, truth)}

    @torch.no_grad()
    def ends(self, features: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
        """Return trimmed boxes."""
        del windows
        at = self.second.trim.weight.device
        end: Tensor = self.second(features.to(at), boxes.to(at))
        return end.cpu()


def _stacked(targets: Sequence[Target], names: Iterable[str]) -> list[Tensor]:
    return [torch.stack([target[name] for target in targets]) for name in names]


class Replayed(CellDetector):
    """A detector that sees each image once, however often its boxes are moved, and by whatever.

    Attributes
    ----------
    mover : Mover or None
        What moves boxes; None: they stay.
    """

    def __init__(self, detector: CellDetector) -> None:
        super().__init__(detector.backbone, detector.rpn, detector.roi_heads)
        self.detector = detector
        self.mover: Mover | None = None
        self._sights: dict[str, Sight] = {}

    def forward(self, images: Tensor, targets: object = None) -> list[Target]:
        """Return cells as the detector does in evaluation, an image each: `boxes`, `labels` and `scores`."""
        del targets
        key = hashlib.sha256(images.cpu().numpy().tobytes()).hexdigest()
        if key not in self._sights:
            self._sights[key] = looked(self.detector, images)
        sight = self._sights[key]
        boxes = sight.boxes
        if self.mover is not None and len(boxes):
            boxes = self.mover.ends(sight.features.float(), boxes, sight.windows)
        parts = clip_boxes_to_image(boxes, sight.size).split([len(cell["labels"]) for cell in sight.cells])
        return [{**cell, "boxes": part} for cell, part in zip(sight.cells, parts, strict=True)]
