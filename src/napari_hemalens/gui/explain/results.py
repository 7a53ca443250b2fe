"""The explained cells of one viewer: what was found, the layers that show it, and the cell that is looked at."""

import weakref
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.gui.explain.layers import Blend, heatmap_layer, origin
from napari_hemalens.gui.explain.outlines import OutlinedLabels
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.explain.state import ExplanationState, MethodResult
from napari_hemalens.gui.frames import FramesOnScreen
from napari_hemalens.gui.pace import Pace
from napari_hemalens.gui.staying import stays
from napari_hemalens.gui.uncovering import hide_stored, lay_over, uncover
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows.heatmap_methods import Method


class Heatmaps:
    """States with their layers, one each, and what is shown of them.

    Attributes
    ----------
    states : list of ExplanationState
        In the order of their first run.
    current : ExplanationState or None
        That of the last run, or of the cell that a person chose last.
    method : str
        Name of the method whose heatmap is on screen; where a state lacks it, its first one is.
    blend : Blend
        How heatmaps lie on images.
    removed : Signal
        A person has removed the heatmap of the state that it emits.
    """

    changed = Signal()
    removed = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._pace = Pace()
        self._outlined = OutlinedLabels(viewer)
        self.states: list[ExplanationState] = []
        self._frames = FramesOnScreen(viewer, lambda: [state.framed for state in self.states])
        self.current: ExplanationState | None = None
        self.method = ""
        self.blend = Blend()
        viewer.layers.events.removed.connect(self._on_removed)

    def begin(self, state: ExplanationState, cells: CellMap) -> None:
        """Give a state its cells, and what was found of the same ones, until its methods find it anew."""
        state.cells = cells
        for other in list(self.states):
            same = other.image is state.image and other.source is state.source and other.key == state.key
            if same and other.cells is not None and np.array_equal(other.cells.labels, cells.labels):
                state.found, state.chosen = other.found, other.chosen
                state.outdated = {method.name for method in state.methods}
                state.layer, state.drawn, state.hottest = other.layer, other.drawn, other.hottest
                self.states[self.states.index(other)] = state
                if self.current is other:
                    self.current = state
        self.method = state.methods[0].name
        self._pace.begin()

    def put(
        self, state: ExplanationState, method: Method, heatmap: HeatmapPyramid, part: Explained, *, last: bool
    ) -> None:
        """Give a state cells that a method has explained; drawing is put off where it takes long, but for the last."""
        if state not in self.states:
            self._take_over(state)
        self.current = state
        new = method.name not in state.found or method.name in state.outdated
        if new:
            state.outdated.discard(method.name)
            state.found[method.name] = MethodResult(method, heatmap)
        found = state.found[method.name]
        found.tiles.add(part)
        found.origin = origin(part)
        heatmap.lay(part)
        if new or last or self._pace.is_due:
            with self._pace.drawing():
                self._draw(state, scale=last)
            self.changed.emit()

    def finish(self, state: ExplanationState) -> None:
        """Draw what was put off."""
        if state.layer is not None:
            state.layer.refresh()
        self.changed.emit()

    def show_method(self, method: str) -> None:
        """Let the layers show what one method found; nothing is computed."""
        self.method = method
        for state in self.states:
            if state.layer is not None:
                self._draw(state)
        self.changed.emit()

    def switch(self, by: int) -> str:
        """Show the next method of the current result, or by -1 the one before; returns its title, '' without any."""
        shown = {} if self.current is None else self.current.shown
        names = [*shown]
        if not names:
            return ""
        at = names.index(self.method) + by if self.method in names else 0
        name = names[at % len(names)]
        self.show_method(name)
        return shown[name].method.title

    def blend_as(self, blend: Blend) -> None:
        """Let all heatmaps lie on their images in one way."""
        self.blend = blend
        for state in self.states:
            if state.layer is not None:
                for name, value in blend.attributes.items():
                    setattr(state.layer, name, value)
        self.changed.emit()

    def choose(self, state: ExplanationState, number: int | None) -> None:
        """Look at a cell, or at none."""
        self.current, state.chosen = state, number
        self.changed.emit()

    def at(self, position: Sequence[float], layers: Collection[Layer]) -> tuple[ExplanationState, int] | None:
        """Return the explained cell at a place in world coordinates; of overlapping images, that of the last run.

        An image counts that is among the `layers` shown there, itself or by its heatmap.
        """
        for state in reversed(self.states):
            shown = state.layer in layers or state.image in layers
            if state.layer is not None and shown and self.on_screen(state):
                y, x = state.layer.world_to_data(position)[-2:]
                number = state.at(float(y), float(x))
                if number is not None:
                    return state, number
        return None

    def _take_over(self, state: ExplanationState) -> None:
        """Let a state that answers another question take the layer of the one before, on the same frame of an image."""
        for other in list(self.states):
            if other.image is state.image and (other.frame, other.plane) == (state.frame, state.plane):
                state.layer, state.drawn, state.hottest = other.layer, other.drawn, other.hottest
                self.states.remove(other)
        self.states.append(state)

    def _draw(self, state: ExplanationState, *, scale: bool = False) -> None:
        """Let the layer of a state show what the method on screen found; with `scale`, in colours up to its hottest."""
        viewer, found = self._viewer(), state.result_by(self.method)
        if viewer is None or found is None:
            return
        name = f"{state.image.name}: {found.method.title}"
        if state.layer is None:
            state.layer = Layer.create(*heatmap_layer(found.heatmap, name, state.place, self.blend))
            state.layer.metadata = dict(found.origin)  # so that nobody takes it for an image to be analysed
            viewer.add_layer(state.layer)
            lay_over(viewer, state.layer, state.image)
            hide_stored(viewer, state.layer, state.image)
            uncover(viewer, state.image)
            self._outlined.follow(state.layer)
            self._frames.follow(state.framed)
        elif state.drawn is found.heatmap:
            state.layer.refresh()
        else:
            state.layer.data = found.heatmap.data
            for attribute, value in {} if stays(state.layer) else state.place.items():
                setattr(state.layer, attribute, value)
        if state.drawn is not found.heatmap and state.layer.name != name:
            state.layer.name = name
        if scale or state.drawn is not found.heatmap:
            _scale_colours(state, state.layer, found)
        state.drawn = found.heatmap
        state.layer.metadata = {**state.layer.metadata, **found.origin}

    def on_screen(self, state: ExplanationState) -> bool:
        """Return whether the planes are on screen that a state is of."""
        return self._frames.shows(state.framed)

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed."""
        for state in [state for state in self.states if state.layer is event.value]:
            state.layer = None
            self.states.remove(state)
            if self.current is state:
                self.current = self.states[-1] if self.states else None
            self.removed.emit(state)
        self.changed.emit()


def _scale_colours(state: ExplanationState, layer: Image, found: MethodResult) -> None:
    """Let the colours of a layer end where they do in pictures, unless a person has set them on the same heatmap."""
    as_left = layer.contrast_limits[1] == state.hottest
    if as_left or state.drawn is not found.heatmap:
        state.hottest = found.heatmap.drawn_as_hottest(found.method.name)
        layer.contrast_limits = (0.0, state.hottest)
