"""The heatmap of one image as napari shows it: in levels where the image is large."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.figures.heat_scale import drawn_as_hottest
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows.heatmap_methods import blank_heatmap

LARGE = 4096
"""Pixels of a side, above which a heatmap is kept in levels too: napari draws no more of it than is seen."""

_STEP = 4  # of one level to the next
_COARSEST = 1024  # pixels of the longer side, below which there are no more levels


class HeatmapPyramid:
    """A heatmap in 0-1, laid down cell by cell; coarser levels keep the hottest of the pixels that become one.

    Attributes
    ----------
    levels : tuple of (H, W) float32
        The finest first; arrays, or of huge images zarr arrays in memory.
    """

    def __init__(self, levels: tuple[Any, ...]) -> None:
        self.levels = levels

    @classmethod
    def blank(cls, shape: tuple[int, int]) -> Self:
        """Return an empty heatmap (H, W)."""
        shapes = [shape]
        while max(shape) > LARGE and max(shapes[-1]) > _COARSEST:
            height, width = shapes[-1]
            shapes.append((-(-height // _STEP), -(-width // _STEP)))
        return cls(tuple(blank_heatmap(each) for each in shapes))

    @property
    def data(self) -> Any:
        """The heatmap as a layer takes it: an array, or a list of levels."""
        return list(self.levels) if len(self.levels) > 1 else self.levels[0]

    def drawn_as_hottest(self, method: str) -> float:
        """Return the value that is shown in the last colour; of many pixels, some are asked."""
        finest = self.levels[0]
        if not isinstance(finest, np.ndarray):
            return drawn_as_hottest(method, self.levels[-1][:])
        apart = max(1, max(finest.shape) // LARGE)
        return drawn_as_hottest(method, finest[::apart, ::apart])

    def lay(self, part: Explained) -> None:
        """Lay down the heatmaps of some cells, where it is higher than what is there."""
        height, width = self.levels[0].shape
        near = np.floor(part.windows[:, :2]).clip(0).astype(int)
        far = np.minimum(np.ceil(part.windows[:, 2:]), (height, width)).astype(int)
        for (y0, x0), (y1, x1) in zip(near.tolist(), far.tolist(), strict=True):
            if y0 < y1 and x0 < x1:
                here = self.levels[0][y0:y1, x0:x1]
                self.levels[0][y0:y1, x0:x1] = np.maximum(here, part.heatmap[y0:y1, x0:x1])
                self._coarsen(y0, x0, y1, x1)

    def _coarsen(self, y0: int, x0: int, y1: int, x1: int) -> None:
        """Let the coarser levels follow a region of the finest."""
        for fine, coarse in zip(self.levels, self.levels[1:], strict=False):
            y0, x0, y1, x1 = y0 // _STEP, x0 // _STEP, -(-y1 // _STEP), -(-x1 // _STEP)
            coarse[y0:y1, x0:x1] = _hottest(fine[y0 * _STEP : y1 * _STEP, x0 * _STEP : x1 * _STEP])


def _hottest(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maximum of each square of pixels; at the far edges of an image, of what there is of it."""
    fill = [(0, -side % _STEP) for side in fine.shape]
    squares = np.pad(fine, fill).reshape(-(-fine.shape[0] // _STEP), _STEP, -(-fine.shape[1] // _STEP), _STEP)
    hottest: NDArray[np.float32] = squares.max(axis=(1, 3))
    return hottest
