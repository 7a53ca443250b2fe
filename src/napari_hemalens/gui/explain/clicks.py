"""A click on the canvas chooses a cell."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel

from napari_hemalens.gui.gestures import STILL

_LOOKING = ("pan_zoom", "pick", "select")  # modes of layers in which a click changes nothing


def click_callback(clicked: Callable[[tuple[float, ...]], object]) -> Callable[[ViewerModel, Any], Iterator[None]]:
    """Return a mouse callback for a viewer that tells where was clicked, in world coordinates; drags are none."""

    def press(viewer: ViewerModel, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        if event.button not in (None, 1) or (active is not None and str(active.mode) not in _LOOKING):
            return
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos) - start).max() <= STILL:
            clicked(tuple(event.position))

    return press
