"""Up to which value a heatmap is drawn: in one of single pixels a few stand far above all others."""

import numpy as np
from numpy.typing import NDArray

OF_PIXELS = frozenset({"saliency", "guided-backpropagation", "guided-grad-cam", "integrated-gradients"})
"""Methods that give each pixel a slope of its own; maps of all others are smooth."""

_PERCENTILE = 99


def drawn_as_hottest(method: str, heatmap: NDArray[np.float32]) -> float:
    """Return the value that a picture shows in its last colour, as are those above it.

    Of slopes of single pixels it is the 99th percentile of those above 0: a few are so much steeper than the others
    that the rest would be as good as transparent (Smilkov et al. 2017, https://arxiv.org/abs/1706.03825, 3.1, draw them
    so). Of other methods it is 1.

    Parameters
    ----------
    method : str
        Name of the method.
    heatmap : (...) float32
        In 0-1.
    """
    if method not in OF_PIXELS:
        return 1.0
    above = heatmap[heatmap > 0]
    return float(np.percentile(above, _PERCENTILE)) if above.size else 1.0


def scaled_to_drawn(method: str, heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a heatmap (...) in 0-1 as it is drawn: 1 from `drawn_as_hottest` on."""
    scaled: NDArray[np.float32] = np.minimum(heatmap / np.float32(drawn_as_hottest(method, heatmap)), np.float32(1))
    return scaled
