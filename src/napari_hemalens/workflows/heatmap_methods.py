"""The heatmap methods that a network has, an empty heatmap to lay them on, and its file. No torch until then."""

from typing import Any

from napari_hemalens.heatmaps.files import write_heatmap
from napari_hemalens.heatmaps.methods import Kind, Method, best_of, method_of, methods_of, target_of

__all__ = ["Kind", "Method", "best_of", "blank_heatmap", "method_of", "methods_of", "target_of", "write_heatmap"]


def blank_heatmap(shape: tuple[int, int]) -> Any:
    """Return a heatmap (H, W) float32 of zeros; of a huge one, only the chunks that are written to take memory."""
    from napari_hemalens.heatmaps import placing  # noqa: PLC0415 -- loads torch

    return placing.blank_heatmap(shape)
