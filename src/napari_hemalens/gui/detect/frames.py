"""Cells are shown over the frame that they were found in, and over no other."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from napari.components import ViewerModel

from napari_hemalens.gui.away import AwayLayers
from napari_hemalens.gui.axes import frame_of, go_to_frame
from napari_hemalens.gui.detect.field_layers import Field


class FramesOnScreen:
    """Hides the cells of a frame while another is on screen; what a person has hidden stays so.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    fields : callable
        Returns the fields as they are now.
    """

    def __init__(self, viewer: ViewerModel, fields: Callable[[], Sequence[Field]]) -> None:
        self._viewer = weakref.ref(viewer)
        self._fields = fields
        self._layers = AwayLayers()
        viewer.dims.events.current_step.connect(self._on_step)

    def shows(self, f: Field) -> bool:
        """Return whether the frame of a field is on screen; fields without a layer of their image always are."""
        viewer = self._viewer()
        if viewer is None or f.image is None or not isinstance(f.frame, tuple):
            return True
        return frame_of(f.image, viewer.dims.point) == f.frame

    def follow(self, f: Field) -> None:
        """Show or hide the cells of a field, as its frame is on screen or not."""
        if f.drawing is not None:
            self._layers.show(f.drawing.layer, here=self.shows(f))

    def go_to(self, f: Field) -> None:
        """Move the sliders to the frame of a field."""
        viewer = self._viewer()
        if viewer is not None and f.image is not None and isinstance(f.frame, tuple):
            go_to_frame(viewer, f.image, f.frame)

    def _on_step(self, _: Any) -> None:
        for f in self._fields():
            self.follow(f)
