"""Heatmaps of crops, laid into the frame of the image that they were cut from."""

import math
from typing import Any

import numpy as np
import torch
import zarr
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_HUGE = 2**28  # pixels: above, a gigabyte of numbers, most of them 0
_CHUNK = 1024
_AT_ONCE = 2**24  # pixels of crops that are sampled together


class HeatmapPatch:
    """The part of an empty heatmap that crops can reach, written to and read as the whole is.

    Parameters
    ----------
    windows : (N, 4) float64
        The edges of the crops as y0, x0, y1, x1 in pixels of the image.
    shape : (int, int)
        Height and width of the image.

    Attributes
    ----------
    corner : (2,) int64
        y, x of its first pixel in the image.
    values : (h, w) float32
        In 0-1.
    """

    def __init__(self, windows: NDArray[np.float64], shape: tuple[int, int]) -> None:
        self.shape = shape
        self.corner = np.floor(windows[:, :2].min(axis=0)).clip(0, shape).astype(np.int64)
        end = np.ceil(windows[:, 2:].max(axis=0)).clip(self.corner, shape).astype(np.int64)
        self.values = np.zeros(end - self.corner, dtype=np.float32)

    def __getitem__(self, at: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return a rectangle, given in pixels of the image."""
        return self.values[self._moved(at)]

    def __setitem__(self, at: tuple[slice, slice], values: NDArray[np.float32]) -> None:
        self.values[self._moved(at)] = values

    def _moved(self, at: tuple[slice, slice]) -> tuple[slice, slice]:
        y, x = (slice(each.start - low, each.stop - low) for each, low in zip(at, self.corner.tolist(), strict=True))
        return y, x


def merge_patch(heatmap: Any, values: NDArray[np.float32], corner: NDArray[np.int64]) -> None:
    """Lay a part (h, w) of a heatmap, whose first pixel is at `corner`, into that of the image (H, W)."""
    _merge(heatmap, values, corner, corner + values.shape)


def blank_heatmap(shape: tuple[int, int]) -> Any:
    """Return an empty heatmap (H, W) float32; of a huge one, only chunks that are written to take memory."""
    if math.prod(shape) <= _HUGE:
        return np.zeros(shape, dtype=np.float32)
    chunks = (_CHUNK, _CHUNK)
    return zarr.create_array(
        zarr.storage.MemoryStore(), shape=shape, chunks=chunks, dtype="float32", fill_value=0, compressors=None
    )


def place(heatmap: Any, heatmaps: Tensor, windows: NDArray[np.float64]) -> None:
    """Lay heatmaps of crops into an image: bilinear samples at the centres of its pixels, where crops overlap the most.

    Parameters
    ----------
    heatmap : (H, W) float32
        Of the image, in 0-1; written to.
    heatmaps : (N, side, side) float32
        Of the crops, in 0-1, on any device.
    windows : (N, 4) float64
        Their edges as y0, x0, y1, x1 in pixels of the image; what lies beyond the image is left out.
    """
    if not len(windows):
        return
    reach = math.ceil(float((windows[:, 2:] - windows[:, :2]).max()))  # centres of pixels in a window, at most
    batch = max(1, _AT_ONCE // reach**2)
    if heatmaps.shape[-1] > reach:  # averaged, so that no hot point falls between two samples
        heatmaps = functional.interpolate(heatmaps[:, None], size=reach, mode="bilinear", antialias=True)[:, 0]
    for start in range(0, len(windows), batch):
        some = windows[start : start + batch]
        corners = np.ceil(some[:, :2] - 0.5).astype(np.int64)  # the first pixels whose centres lie inside
        ends = np.ceil(some[:, 2:] - 0.5).astype(np.int64)
        sampled = _sampled(heatmaps[start : start + batch], some, corners, reach).cpu().numpy()
        for tile, corner, end in zip(sampled, corners, ends, strict=True):
            _merge(heatmap, tile, corner, end)


def _sampled(heatmaps: Tensor, windows: NDArray[np.float64], corners: NDArray[np.int64], reach: int) -> Tensor:
    """Return the heatmap of `reach` x `reach` pixels from each corner on: (n, reach, reach)."""
    centres = corners[:, :, None] + np.arange(reach) + 0.5  # (n, 2, reach), y and x
    near, far = windows[:, :2, None], windows[:, 2:, None]
    places = torch.from_numpy(2 * (centres - near) / (far - near) - 1).to(heatmaps)  # -1 and 1 are the edges of a crop
    y, x = places[:, 0, :, None], places[:, 1, None, :]
    grid = torch.stack([x + 0 * y, y + 0 * x], dim=-1)  # (n, reach, reach, 2), in torch's order
    return functional.grid_sample(heatmaps[:, None], grid, padding_mode="border", align_corners=False)[:, 0]


def _merge(heatmap: Any, tile: NDArray[np.float32], corner: NDArray[np.int64], end: NDArray[np.int64]) -> None:
    """Lay one tile, whose first pixel is at `corner`, into the image, up to `end`."""
    (y0, x0), (y1, x1) = np.maximum(corner, 0), np.minimum(end, heatmap.shape)
    if y0 >= y1 or x0 >= x1:
        return
    top, left = y0 - corner[0], x0 - corner[1]
    seen = tile[top : top + y1 - y0, left : left + x1 - x0]
    heatmap[y0:y1, x0:x1] = np.maximum(heatmap[y0:y1, x0:x1], seen)
