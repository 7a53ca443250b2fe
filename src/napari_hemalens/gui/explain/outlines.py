"""Labels are outlines while a heatmap lies over them: their colours would mix with its own. No Qt."""

import weakref
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels

WIDTH = 2
"""Pixels of an outline."""


class OutlinedLabels:
    """Outlines the labels of a viewer while one of its heatmaps is on screen, and fills them again afterwards.

    Labels that a person has outlined, or filled again under a heatmap, stay as they are.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._heatmaps: weakref.WeakSet[Image] = weakref.WeakSet()
        self._outlined: weakref.WeakSet[Labels] = weakref.WeakSet()
        viewer.layers.events.inserted.connect(self._update)
        viewer.layers.events.removed.connect(self._update)

    def follow(self, heatmap: Image) -> None:
        """Outline labels from now on while this heatmap is seen."""
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
            if seen and layer.contour == 0 and layer not in self._outlined:
                layer.contour = WIDTH
                self._outlined.add(layer)
            elif not seen and layer in self._outlined:
                self._outlined.discard(layer)
                if layer.contour == WIDTH:
                    layer.contour = 0
