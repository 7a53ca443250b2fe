"""RoIAlign as a sum over rows, which a processor does in a fifth of the time of torchvision's loop.

He et al. 2017, https://arxiv.org/abs/1703.06870. Each place of a pooled region is a weighted sum of 16 places of a
feature map (four points, four neighbours each): `embedding_bag`, which reads whole rows of channels and uses all cores.
torchvision's own kernel for processors reads one channel after the other, on one core.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import MultiScaleRoIAlign

from napari_hemalens.models.cards import COARSEST

_POINTS = 2  # a side of a pooled place
_NEIGHBOURS = 2  # a side of a point


class _Side(NamedTuple):
    """What the places along one side of regions are read from: (R, grid, 4) each."""

    indices: Tensor  # int64, into the side of the feature map
    weights: Tensor  # float32


class RowsRoIAlign(MultiScaleRoIAlign):
    """torchvision's pooling of regions from the level that fits each, with the same result to rounding.

    Where gradients are wanted, and where it is not a processor that is given 32 bits, it is torchvision's.

    Attributes
    ----------
    numbers : dtype
        What it sums and returns; bfloat16 is half as much to read.
    """

    numbers = torch.float32

    def forward(self, x: Mapping[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]) -> Tensor:
        """Return pooled features (R, C, grid, grid) of the boxes (x0, y0, x1, y1) of all images, in their order."""
        # torchvision infers the scale of each level from the first images and keeps it. Features are of images as they
        # were padded: of one of 12 px, padded to 32, they would be taken for a third as fine, and so would all others'.
        image_shapes = [(height + -height % COARSEST, width + -width % COARSEST) for height, width in image_shapes]
        levels = [x[name] for name in self.featmap_names]
        plain = levels[0].device.type == "cpu" and levels[0].dtype == torch.float32
        traced = torch.onnx.is_in_onnx_export()  # ONNX has RoIAlign, and no sums over rows
        if torch.is_grad_enabled() or traced or not plain or self.sampling_ratio != _POINTS:
            pooled: Tensor = super().forward(x, boxes, image_shapes)
            return pooled
        if self.scales is None:
            super().forward(x, [box[:0] for box in boxes], image_shapes)
        return self._pooled(levels, boxes)

    def _pooled(self, levels: list[Tensor], boxes: list[Tensor]) -> Tensor:
        images, channels = levels[0].shape[:2]
        rows = torch.cat([level.permute(0, 2, 3, 1).reshape(-1, channels).to(self.numbers) for level in levels])
        sizes = torch.tensor([level.shape[2:] for level in levels])  # (levels, 2): height, width
        area = sizes.prod(dim=1)
        begins = images * (area.cumsum(0) - area)  # first row of each level
        of = self.map_levels(boxes) if len(levels) > 1 else torch.zeros(sum(map(len, boxes)), dtype=torch.int64)
        image = torch.repeat_interleave(torch.arange(images), torch.tensor([len(box) for box in boxes]))
        scaled = torch.cat(boxes) * torch.tensor(self.scales)[of, None]
        height, width = sizes[of].T
        grid_y, grid_x = self.output_size
        across = _side(scaled[:, 0], scaled[:, 2], width, grid_x)
        down = _side(scaled[:, 1], scaled[:, 3], height, grid_y)
        first = (begins[of] + image * area[of])[:, None, None] + down.indices * width[:, None, None]
        indices = _outer(first.int(), across.indices.int(), torch.add)
        weights = _outer(down.weights.to(self.numbers), across.weights.to(self.numbers), torch.mul)
        pooled = functional.embedding_bag(indices, rows, mode="sum", per_sample_weights=weights)
        return pooled.view(-1, grid_y, grid_x, channels).permute(0, 3, 1, 2)


def _side(low: Tensor, high: Tensor, size: Tensor, grid: int) -> _Side:
    """Return what the places along one side of regions are read from; `size` (R,) is that of their feature map."""
    place = ((high - low).clamp(min=1) / grid)[:, None, None]
    points = (torch.arange(_POINTS) + 0.5) * place / _POINTS  # within a place
    at = low[:, None, None] + torch.arange(grid)[:, None] * place + points  # (R, grid, points)
    last = (size - 1).to(at.dtype)[:, None, None]
    inside = (at >= -1) & (at <= last + 1)  # what lies further out is 0
    at = at.clamp(min=0).minimum(last)
    before = at.floor()
    beyond = at - before
    indices = torch.stack([before, (before + 1).minimum(last)], dim=-1).long()
    weights = torch.stack([1 - beyond, beyond], dim=-1) * (inside / _POINTS)[..., None]
    shape = (len(low), grid, _POINTS * _NEIGHBOURS)
    return _Side(indices.view(shape), weights.view(shape))


def _outer(down: Tensor, across: Tensor, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Combine each of (R, rows, m) with each of (R, columns, n): (R * rows * columns, m * n)."""
    both = combine(down[:, :, None, :, None], across[:, None, :, None, :])
    return both.reshape(-1, both.shape[-2] * both.shape[-1])
