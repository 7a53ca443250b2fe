"""The explained cells of one viewer: what was found, the layers that show it, and the cell that is looked at."""

import time
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from psygnal import Signal

from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.cell_layers import plane_of
from napari_hemalens.gui.explain.layers import Blend, heatmap_layer, origin
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.explain.state import ExplanationState, MethodResult
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows.heatmap_methods import Method

_PATIENCE = 4  # times as long as it takes to draw them are partial results apart


class Heatmaps:
    """States with their layers, one a method, and what is shown of them.

    Attributes
    ----------
    states : list of ExplanationState
        In the order of their first run.
    current : ExplanationState or None
        That of the last run, or of the cell that a person chose last.
    method : str
        Name of the method whose heatmap is on screen; that of the others is hidden.
    blend : Blend
        How heatmaps lie on images.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._drawn, self._cost = 0.0, 0.0  # when the last partial result was, and how long it took to draw
        self.states: list[ExplanationState] = []
        self.current: ExplanationState | None = None
        self.method = ""
        self.blend = Blend()
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.current_step.connect(self._on_step)

    def begin(self, state: ExplanationState, cells: CellMap) -> None:
        """Give a state its cells, and what other methods found of the same ones, so that they can be compared."""
        state.cells = cells
        asked = {method.name for method in state.methods}
        for other in self.states:
            same = other.image is state.image and other.source is state.source and other.key == state.key
            if same and other.cells is not None and np.array_equal(other.cells.labels, cells.labels):
                state.found = {name: found for name, found in other.found.items() if name not in asked}
                state.chosen = other.chosen
        self.states.append(state)
        self._tidy()
        self.method = state.methods[0].name
        self._drawn = 0.0

    def put(
        self, state: ExplanationState, method: Method, heatmap: HeatmapPyramid, part: Explained, *, last: bool
    ) -> None:
        """Give a state cells that a method has explained; drawing is put off where it takes long, but for the last."""
        if state not in self.states:
            self.states.append(state)
        self.current = state
        if method.name not in state.found:
            state.found[method.name] = MethodResult(method, heatmap, layer=self._taken(state, method))
        found = state.found[method.name]
        found.tiles.add(part)
        heatmap.lay(part)
        self._tidy()
        began = time.monotonic()
        if found.drawn is not heatmap or last or began - self._drawn >= _PATIENCE * self._cost:
            self._draw(state, found, part)
            self._drawn = time.monotonic()
            self._cost = self._drawn - began
            self.changed.emit()

    def finish(self, state: ExplanationState) -> None:
        """Draw what was put off."""
        for found in state.found.values():
            if found.layer is not None:
                found.layer.refresh()
        self.changed.emit()

    def show_method(self, method: str) -> None:
        """Show the heatmap of one method, and hide that of the others."""
        self.method = method
        for state in self.states:
            self._show(state)
        self.changed.emit()

    def blend_as(self, blend: Blend) -> None:
        """Let all heatmaps lie on their images in one way."""
        self.blend = blend
        for state in self.states:
            for found in state.found.values():
                if found.layer is not None:
                    for name, value in blend.attributes.items():
                        setattr(found.layer, name, value)
        self.changed.emit()

    def choose(self, state: ExplanationState, number: int | None) -> None:
        """Look at a cell, or at none."""
        self.current, state.chosen = state, number
        self.changed.emit()

    def at(self, position: Sequence[float]) -> tuple[ExplanationState, int] | None:
        """Return the explained cell at a place in world coordinates; of overlapping images, that of the last run."""
        for state in reversed(self.states):
            layer = next((found.layer for found in state.shown.values()), None)
            if layer is not None and self.on_screen(state):
                y, x = layer.world_to_data(position)[-2:]
                number = state.at(float(y), float(x))
                if number is not None:
                    return state, number
        return None

    def _draw(self, state: ExplanationState, found: MethodResult, part: Explained) -> None:
        """Let the layer of a method follow its heatmap."""
        viewer = self._viewer()
        if viewer is None:
            return
        if found.layer is None:
            name = f"{state.image.name}: {found.method.title}"
            layer = Layer.create(*heatmap_layer(found.heatmap, name, state.placement, self.blend))
            layer.metadata = origin(part)  # so that nobody takes it for an image to be analysed
            layer.visible = found.method.name == self.method and self.on_screen(state)
            found.layer = viewer.add_layer(layer)
            if isinstance(state.source, Labels):
                state.source.visible = False  # its colours would mix with those of the heatmap
        elif found.drawn is found.heatmap:
            found.layer.refresh()
        else:
            found.layer.data = found.heatmap.data
            for attribute, value in state.placement.items():
                setattr(found.layer, attribute, value)
            self._show(state)
        found.drawn = found.heatmap
        found.layer.metadata = {**found.layer.metadata, **origin(part)}

    def _taken(self, state: ExplanationState, method: Method) -> Image | None:
        """Return the layer of an earlier run by the same method, which is to show another result now."""
        for other in self.states:
            if other is not state and other.image is state.image and method.name in other.found:
                return other.found.pop(method.name).layer
        return None

    def _tidy(self) -> None:
        """Forget states that nothing is left of, and what another state has taken over."""
        kept: set[int] = set()
        for state in reversed(self.states):
            state.found = {name: found for name, found in state.found.items() if id(found) not in kept}
            kept |= {id(found) for found in state.found.values()}
        self.states = [state for state in self.states if state.found]

    def _show(self, state: ExplanationState) -> None:
        here = self.on_screen(state)
        method = self.method if self.method in state.found else next(iter(state.found), "")
        for name, found in state.found.items():
            if found.layer is not None:
                found.layer.visible = here and name == method

    def on_screen(self, state: ExplanationState) -> bool:
        """Return whether the planes are on screen that a state is of."""
        viewer = self._viewer()
        if viewer is None:
            return False
        steps = viewer.dims.current_step
        plane = () if state.source is None else plane_of(state.source, steps)
        return (frame_of(state.image, steps), plane) == (state.frame, state.plane)

    def _on_step(self, _: Any) -> None:
        """Hide heatmaps of another plane than the one on screen."""
        for state in self.states:
            if state.frame or state.plane:
                self._show(state)

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed."""
        for state in list(self.states):
            for name, found in list(state.found.items()):
                if found.layer is event.value:
                    state.unwanted.add(name)
                    del state.found[name]
                    if not state.found and isinstance(state.source, Labels):
                        state.source.visible = True
        self.states = [state for state in self.states if state.found]
        if self.current not in self.states:
            self.current = self.states[-1] if self.states else None
        self.changed.emit()
