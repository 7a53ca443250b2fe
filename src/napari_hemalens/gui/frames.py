"""Layers are shown over the frame of an image, and the plane of labels, that they are of, and over no other."""

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_hemalens.gui.axes import frame_of, go_to_frame
from napari_hemalens.gui.cell_layers import plane_of
from napari_hemalens.gui.uncovering import bring_back, waits
from napari_hemalens.workflows.images import Frame


@dataclass(frozen=True, slots=True)
class Framed:
    """Layers that are of one frame of an image.

    Attributes
    ----------
    layers : sequence of Layer
        What is shown and hidden.
    image : Image or None
        The image; None where its layer is gone.
    frame : Frame
        Which frame of it; of a file as a person said it, which is always on screen.
    source : Layer or None
        The layer that their cells come from.
    plane : tuple of int
        Which plane of that.
    """

    layers: Sequence[Layer]
    image: Image | None
    frame: Frame
    source: Layer | None = None
    plane: tuple[int, ...] = ()

    def is_at(self, point: Sequence[float]) -> bool:
        """Return whether frame and plane are seen where the sliders stand, in world coordinates."""
        if self.image is None or not isinstance(self.frame, tuple):
            return True
        plane = () if self.source is None else plane_of(self.source, point)
        return (frame_of(self.image, point), plane) == (self.frame, self.plane)


class FramesOnScreen:
    """Hides layers while another frame than theirs is on screen; what a person has hidden stays so.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    framed : callable
        Returns the layers of each frame as they are now.
    """

    def __init__(self, viewer: ViewerModel, framed: Callable[[], Iterable[Framed]]) -> None:
        self._viewer = weakref.ref(viewer)
        self._framed = framed
        self._away: weakref.WeakSet[Layer] = weakref.WeakSet()  # those that we have hidden ourselves
        self._bound: weakref.WeakKeyDictionary[Layer, tuple[Image, Frame]] = weakref.WeakKeyDictionary()
        viewer.dims.events.current_step.connect(self._on_step)

    def bind(self, layer: Layer, image: Image, frame: Frame) -> None:
        """Show one more layer over the frame of an image that it was made of alone."""
        if frame:
            self._bound[layer] = image, frame
            self._on_step()

    def hides(self, layer: Layer) -> bool:
        """Return whether a layer is hidden since another frame is on screen, and not because a person wants it so."""
        return layer in self._away

    def hide(self, layer: Layer) -> None:
        """Hide a layer for good: its frame does not bring it back."""
        self._away.discard(layer)
        layer.visible = False

    def shows(self, framed: Framed) -> bool:
        """Return whether a frame is on screen."""
        viewer = self._viewer()
        return viewer is None or framed.is_at(viewer.dims.point)

    def follow(self, framed: Framed) -> None:
        """Show or hide layers, as their frame is on screen or not."""
        if not (framed.frame or framed.plane):
            return
        here, viewer = self.shows(framed), self._viewer()
        for layer in framed.layers:
            if not here and (layer.visible or waits(layer)):
                layer.visible = False
                self._away.add(layer)
            elif here and layer in self._away and viewer is not None:
                self._away.discard(layer)
                bring_back(viewer, layer)

    def go_to(self, framed: Framed) -> None:
        """Move the sliders to a frame, where it is known."""
        viewer = self._viewer()
        if viewer is not None and framed.image is not None and framed.frame and isinstance(framed.frame, tuple):
            go_to_frame(viewer, framed.image, framed.frame)

    def _on_step(self, _: Any = None) -> None:
        viewer = self._viewer()
        there = () if viewer is None else viewer.layers
        bound = [Framed((layer,), *of) for layer, of in self._bound.items() if layer in there]
        for framed in (*self._framed(), *bound):
            self.follow(framed)
