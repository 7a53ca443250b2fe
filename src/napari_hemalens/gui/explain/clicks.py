"""A click on the canvas chooses a cell."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens.gui.gestures import STILL
from napari_hemalens.gui.grid import layers_under

_LOOKING = ("pan_zoom", "pick", "select")  # modes of layers in which a click changes nothing

Clicked: TypeAlias = Callable[[tuple[float, ...], Sequence[Layer]], object]
"""Is told where was clicked, in world coordinates, and which layers are shown there."""


def click_callback(clicked: Clicked) -> Callable[[ViewerModel, Any], Iterator[None]]:
    """Return a mouse callback for a viewer that tells of clicks; drags are none."""

    def press(viewer: ViewerModel, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if event.button not in (None, 1) or (active is not None and str(active.mode) not in _LOOKING):
            return
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos) - start).max() <= STILL:
            clicked(tuple(event.position), layers_under(viewer, event))

    return press
