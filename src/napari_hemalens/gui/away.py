"""Layers that we hide while another frame is on screen; what a person has hidden stays so."""

import weakref

from napari.layers import Layer


class AwayLayers:
    """Remembers which layers we have hidden ourselves."""

    def __init__(self) -> None:
        self._away: weakref.WeakSet[Layer] = weakref.WeakSet()

    def show(self, layer: Layer, *, here: bool) -> None:
        """Hide a layer whose frame is not on screen; once it is, show it again, if it was we who hid it."""
        if not here and layer.visible:
            layer.visible = False
            self._away.add(layer)
        elif here and layer in self._away:
            layer.visible = True
            self._away.discard(layer)
