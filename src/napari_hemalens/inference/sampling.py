"""What square windows of an image show, sampled as RoIAlign does it, in a fraction of the time of torchvision's loop.

He et al. 2017, https://arxiv.org/abs/1703.06870: bilinear samples, averaged where a window is shrunk. torchvision's own
kernel for processors takes one sample after the other, on one core; `grid_sample` takes many at once.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_SAMPLES = 8 * 256**2  # at once: as many as a processor's cache holds


def sampled(area: Tensor, windows: NDArray[np.float64], side: int) -> Tensor:
    """Return what windows of an image show; each depends on no other.

    Parameters
    ----------
    area : (1, C, h, w) float32
        The image.
    windows : (n, 4) float64
        y0, x0, y1, x1 in its pixels, square; what lies beyond its border is as its border is.
    side : int
        Of what is returned, in pixels. Where a window is larger, a pixel is the mean of several samples.

    Returns
    -------
    (n, C, side, side) float32
    """
    wide = (windows[:, 2] - windows[:, 0]).round(6)
    groups = [np.flatnonzero(wide == width) for width in np.unique(wide)]
    if not groups:
        return area.new_empty(0, area.shape[1], side, side)
    parts = [_of_one_width(area, windows[rows, :2], width=float(wide[rows[0]]), side=side) for rows in groups]
    order = np.argsort(np.concatenate(groups))
    return parts[0] if len(parts) == 1 else torch.cat(parts)[torch.from_numpy(order)]


def _of_one_width(area: Tensor, corners: NDArray[np.float64], *, width: float, side: int) -> Tensor:
    samples = max(1, int(np.ceil(width / side)))  # along a side of a pixel
    rows = max(1, _SAMPLES // (side * samples**2))  # of pixels, of one window or of several
    strips = [slice(top, min(top + rows, side)) for top in range(0, side, min(side, rows))]
    at_once = max(1, rows // side)
    parts = [
        _joined([_strip(area, some, strip, width=width, side=side, samples=samples) for strip in strips], dim=2)
        for some in np.split(corners, range(at_once, len(corners), at_once))
    ]
    return _joined(parts, dim=0)


def _joined(parts: list[Tensor], *, dim: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=dim)  # which would copy the only one


def _strip(  # noqa: PLR0913 -- what a strip is
    area: Tensor, corners: NDArray[np.float64], rows: slice, *, width: float, side: int, samples: int
) -> Tensor:
    """Return some rows of what windows of one width show, of so many samples along a side of a pixel."""
    along = (np.arange(side * samples) + 0.5) * (width / (side * samples))
    strip = along[rows.start * samples : rows.stop * samples]
    tops, height, y = _placed(corners[:, :1] + strip, area.shape[2])
    lefts, wide, x = _placed(corners[:, 1:] + along, area.shape[3])
    pieces = [area[0, :, top : top + height, left : left + wide] for top, left in zip(tops, lefts, strict=True)]
    shape = len(corners), y.shape[1], x.shape[1]
    grid = torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], dim=-1)
    seen = functional.grid_sample(
        torch.stack(pieces), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return functional.avg_pool2d(seen, samples) if samples > 1 else seen


def _placed(samples: NDArray[np.float64], length: int) -> tuple[list[int], int, Tensor]:
    """Return where pieces begin that hold samples (n, k), how long they are, and where samples lie in them, -1 to 1.

    Along one axis of an image of that length. In a piece, 32 bits place samples better than in the image, and as
    they would with no other windows.
    """
    size = min(int(np.ceil(samples[0, -1] - samples[0, 0])) + 3, length)
    starts = np.floor(samples[:, 0] - 1).astype(np.int64).clip(0, length - size)
    inside = (samples - starts[:, None]) / size * 2 - 1
    return starts.tolist(), size, torch.from_numpy(inside.astype(np.float32))
