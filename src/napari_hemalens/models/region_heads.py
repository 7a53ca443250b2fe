"""What classes and trims regions, as a processor computes it fastest: channels last, on request in 16 bits.

`RowsRoIAlign` leaves the channels of each place side by side. torchvision's heads want all places of a channel side by
side, and copy every region for it; here the first layer's weights lie the other way round instead.
"""

import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads

from napari_hemalens.models.cascade import CascadeBoxHead, CascadeRoIHeads
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.folding import sharing


class RowsHead(nn.Module):
    """torchvision's two layers for regions, for use alone: pooled features (R, C, grid, grid) to float32 (R, hidden).

    Parameters
    ----------
    head : TwoMLPHead
        Whose numbers it gives, to rounding.
    grid : int
        Places of a region a side.
    numbers : dtype
        What it computes in, and what regions are pooled in.
    """

    def __init__(self, head: TwoMLPHead, grid: int, numbers: torch.dtype = torch.float32) -> None:
        super().__init__()
        weight, self.numbers = head.fc6.weight, numbers
        channels_last = weight.view(len(weight), -1, grid, grid).permute(0, 2, 3, 1).reshape(len(weight), -1)
        self.fc6 = _linear(channels_last, head.fc6.bias, numbers)
        self.fc7 = _linear(head.fc7.weight, head.fc7.bias, numbers)

    def forward(self, features: Tensor) -> Tensor:
        """Return what is seen in each region."""
        rows = features.permute(0, 2, 3, 1).flatten(start_dim=1).to(self.numbers)
        seen: Tensor = self.fc7(self.fc6(rows).relu()).relu()
        return seen.float()


def with_rows_heads(network: CellDetector, numbers: torch.dtype = torch.float32) -> CellDetector:
    """Return a detector for use alone that shares all but the heads for regions with `network`.

    Parameters
    ----------
    network : CellDetector
        In evaluation.
    numbers : dtype
        What regions are pooled and seen in; where more than torchvision's heads and the cascade reads them, float32.
    """
    fast: CellDetector = sharing(network)
    fast.roi_heads = heads = sharing(network.roi_heads)
    pool = heads.box_roi_pool
    grid = int(pool.output_size[0])
    if numbers != torch.float32 and type(heads) in (RoIHeads, CascadeRoIHeads):
        heads.box_roi_pool = sharing(pool)
        heads.box_roi_pool.numbers = numbers
    else:
        numbers = torch.float32
    heads.box_head = RowsHead(heads.box_head, grid, numbers)
    if isinstance(heads, CascadeRoIHeads):
        second: CascadeBoxHead = sharing(heads.second)
        second.head = RowsHead(second.head, grid, numbers)
        heads.second = second
    return fast


def _linear(weight: Tensor, bias: Tensor, numbers: torch.dtype) -> nn.Linear:
    outputs, inputs = weight.shape
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight, layer.bias = (nn.Parameter(each.detach().to(numbers), requires_grad=False) for each in (weight, bias))
    return layer
