"""Where a detector's agents looked at boxes: one record per image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class BoxAttention:
    """What agents looked at when they judged the boxes of N cells.

    Attributes
    ----------
    attention : (N, grid, grid) float32
        Weights of places, row by row from the top of a window; those of each box add up to 1.
    windows : (N, 4) float32
        The edges of what was seen around each box, as y0, x0, y1, x1 in level-0 pixels; may reach beyond the image.
    probabilities : (N, K) float32
        Of each class, in 0-1, if the box is a cell; a row adds up to 1.
    """

    attention: NDArray[np.float32]
    windows: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.attention)
