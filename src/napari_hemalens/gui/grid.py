"""napari's grid: layers side by side that lie over each other in world coordinates. No Qt."""

from collections.abc import Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer


def is_grid(viewer: ViewerModel) -> bool:
    """Return whether layers are shown side by side, so that none covers another."""
    return bool(viewer.canvas.grid.enabled)


def layers_under(viewer: ViewerModel, event: Any) -> Sequence[Layer]:
    """Return the layers that are shown where the mouse is: all, or those of one cell of the grid."""
    cell = getattr(event, "viewbox", None)
    if not is_grid(viewer) or cell is None:
        return tuple(viewer.layers)
    return tuple(viewer.layers[number] for number in viewer.canvas.grid.contents_at(cell, viewer.layers))
