"""Classes, and outlines made here, are shown over the frame and the plane that they are of, and over no other."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_hemalens.gui.away import AwayLayers
from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.cell_layers import plane_of
from napari_hemalens.gui.classify.state import ClassificationState


class ClassesOnScreen:
    """Hides the classes of a frame while another is on screen.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    states : callable
        Returns the results as they are now.
    """

    def __init__(self, viewer: ViewerModel, states: Callable[[], Sequence[ClassificationState]]) -> None:
        self._viewer = weakref.ref(viewer)
        self._states = states
        self._layers = AwayLayers()
        self._outlines: weakref.WeakKeyDictionary[Layer, tuple[Image, tuple[int, ...]]] = weakref.WeakKeyDictionary()
        viewer.dims.events.current_step.connect(self._on_step)

    def bind(self, outlines: Layer, image: Image, frame: tuple[int, ...]) -> None:
        """Show outlines over the frame of an image that they were made of alone."""
        if frame:
            self._outlines[outlines] = image, frame
            self._on_step()

    def follow(self, state: ClassificationState) -> None:
        """Show or hide the layers of a result, as its frame is on screen or not."""
        viewer = self._viewer()
        if viewer is None or not (state.frame or state.plane):
            return
        point = viewer.dims.point
        here = (frame_of(state.image, point), plane_of(state.source, point)) == (state.frame, state.plane)
        for layer in (state.layer, state.pairs, state.marks):
            if layer is not None:
                self._layers.show(layer, here=here)

    def _on_step(self, _: Any = None) -> None:
        viewer = self._viewer()
        for state in self._states():
            self.follow(state)
        for layer, (image, frame) in self._outlines.items():
            if viewer is not None and layer in viewer.layers:
                self._layers.show(layer, here=frame_of(image, viewer.dims.point) == frame)
