"""Labels are outlines while a heatmap lies over them: their colours would mix with its own. No Qt.

napari outlines what is on screen anew whenever it changes, in the thread of the window, which is dead meanwhile: 0.5 s
for 4,000 x 4,000 pixels. Large labels are faded instead.
"""

import math
import weakref
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels

WIDTH = 2
"""Pixels of an outline."""
FADED = 0.15
"""Opacity of large labels."""
_LARGE = 4_000_000  # pixels on screen


class OutlinedLabels:
    """Outlines or fades the labels of a viewer while one of its heatmaps is on screen, and fills them again afterwards.

    Labels that a person has outlined or faded, or filled again under a heatmap, stay as they are.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._heatmaps: weakref.WeakSet[Image] = weakref.WeakSet()
        self._changed: weakref.WeakKeyDictionary[Labels, tuple[str, float, float]] = weakref.WeakKeyDictionary()
        viewer.layers.events.inserted.connect(self._update)
        viewer.layers.events.removed.connect(self._update)

    def follow(self, heatmap: Image) -> None:
        """Outline labels, or fade large ones, from now on while this heatmap is seen."""
        self._heatmaps.add(heatmap)
        heatmap.events.visible.connect(self._update)
        self._update()

    def _update(self, _: Any = None) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        seen = any(layer.visible for layer in viewer.layers if layer in self._heatmaps)
        for layer in viewer.layers:
            if not isinstance(layer, Labels):
                continue
            if seen and layer not in self._changed:
                self._thin(layer)
            elif not seen and layer in self._changed:
                attribute, value, before = self._changed.pop(layer)
                if getattr(layer, attribute) == value:
                    setattr(layer, attribute, before)

    def _thin(self, layer: Labels) -> None:
        large = not layer.multiscale and math.prod(layer.data.shape[-2:]) > _LARGE
        attribute, value = ("opacity", FADED) if large else ("contour", WIDTH)
        if layer.contour == 0 and layer.opacity > FADED:
            self._changed[layer] = attribute, value, getattr(layer, attribute)
            setattr(layer, attribute, value)
