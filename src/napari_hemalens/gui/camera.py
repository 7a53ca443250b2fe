"""Where a viewer looks."""

from collections.abc import Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray

from napari_hemalens.gui.grid import is_grid

_IN_VIEW = 6.0  # diameters of a cell across the shorter side of the canvas: its surroundings tell what it is
_AS_GOOD = 2.0  # times as much or as little is as good: cells are compared at one scale, and a person's own one stays


def centre_on(viewer: ViewerModel, layer: Layer, middle: NDArray[np.float64], diameter: float) -> None:
    """Move the camera so that a cell of a layer, given by its middle (y, x) and diameter in pixels, is well seen."""
    centre = layer.data_to_world(middle)[-2:]
    diameter *= abs(float(layer.scale[-1]))
    camera = getattr(viewer, "scene", viewer).camera  # before napari 0.9 the viewer held it, and the size as well
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    camera.center = (*camera.center[:-2], *centre)
    wanted = min(size) / (_IN_VIEW * diameter)
    if not wanted / _AS_GOOD <= camera.zoom <= wanted * _AS_GOOD:
        camera.zoom = wanted


def show_whole(viewer: ViewerModel, layer: Layer) -> None:
    """Move the camera so that all of a layer is seen, however far others reach."""
    viewer.reset_view(layers=None if is_grid(viewer) else [layer])


def show_whole_unless_like(viewer: ViewerModel, layer: Layer, before: Sequence[Layer]) -> None:
    """Show all of a layer that takes the place of others; what a person looks at stays where one lay in that place."""
    place = layer.extent.world[:, -2:]
    if not any(np.allclose(each.extent.world[:, -2:], place) for each in before):
        show_whole(viewer, layer)
