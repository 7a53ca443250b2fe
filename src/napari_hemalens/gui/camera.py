"""Where a viewer looks."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray

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
