"""Where a detector's agents looked in each box: one record per image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class BoxAttention:
    """The attention of agents on the boxes of N cells.

    Attributes
    ----------
    attention : (N, grid, grid) float32
        Attention weights on a grid over the window, row by row from the top; those of each box add up to 1.
    windows : (N, 4) float32
        The window seen around each box, as y0, x0, y1, x1 in level-0 pixels; may reach beyond the image.
    probabilities : (N, K) float32
        Class probabilities in 0-1, given that the box is a cell; each row adds up to 1.
    """

    attention: NDArray[np.float32]
    windows: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.attention)
