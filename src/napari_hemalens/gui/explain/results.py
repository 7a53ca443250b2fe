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
from napari_hemalens.gui.explain.case import Case, Found
from napari_hemalens.gui.explain.heat import Heat
from napari_hemalens.gui.explain.layers import Blend, heat_layer, origin
from napari_hemalens.heatmaps.methods import Method
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.explained import Explained

_PATIENCE = 4  # times as long as it takes to draw them are partial results apart


class Heatmaps:
    """Cases with their layers, one a method, and what is shown of them.

    Attributes
    ----------
    cases : list of Case
        In the order of their first run.
    current : Case or None
        That of the last run, or of the cell that a person chose last.
    method : str
        Name of the method whose heat is on screen; that of the others is hidden.
    blend : Blend
        How heat lies on images.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._drawn, self._cost = 0.0, 0.0  # when the last partial result was, and how long it took to draw
        self.cases: list[Case] = []
        self.current: Case | None = None
        self.method = ""
        self.blend = Blend()
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.current_step.connect(self._on_step)

    def begin(self, case: Case, cells: CellMap) -> None:
        """Give a case its cells, and what other methods found of the same ones, so that they can be compared."""
        case.cells = cells
        asked = {method.name for method in case.methods}
        for other in self.cases:
            same = other.image is case.image and other.source is case.source and other.key == case.key
            if same and other.cells is not None and np.array_equal(other.cells.labels, cells.labels):
                case.found = {name: found for name, found in other.found.items() if name not in asked}
                case.chosen = other.chosen
        self.cases.append(case)
        self._tidy()
        self.method = case.methods[0].name
        self._drawn = 0.0

    def put(self, case: Case, method: Method, heat: Heat, part: Explained, *, last: bool) -> None:
        """Give a case cells that a method has explained; drawing is put off where it takes long, but for the last."""
        if case not in self.cases:
            self.cases.append(case)
        self.current = case
        if method.name not in case.found:
            case.found[method.name] = Found(method, heat, layer=self._taken(case, method))
        found = case.found[method.name]
        found.tiles.add(part)
        heat.lay(part)
        self._tidy()
        began = time.monotonic()
        if found.drawn is not heat or last or began - self._drawn >= _PATIENCE * self._cost:
            self._draw(case, found, part)
            self._drawn = time.monotonic()
            self._cost = self._drawn - began
            self.changed.emit()

    def finish(self, case: Case) -> None:
        """Draw what was put off."""
        for found in case.found.values():
            if found.layer is not None:
                found.layer.refresh()
        self.changed.emit()

    def show(self, method: str) -> None:
        """Show the heat of one method, and hide that of the others."""
        self.method = method
        for case in self.cases:
            self._show(case)
        self.changed.emit()

    def blend_as(self, blend: Blend) -> None:
        """Let all heat lie on its image in one way."""
        self.blend = blend
        for case in self.cases:
            for found in case.found.values():
                if found.layer is not None:
                    for name, value in blend.attributes.items():
                        setattr(found.layer, name, value)
        self.changed.emit()

    def choose(self, case: Case, number: int | None) -> None:
        """Look at a cell, or at none."""
        self.current, case.chosen = case, number
        self.changed.emit()

    def at(self, position: Sequence[float]) -> tuple[Case, int] | None:
        """Return the explained cell at a place in world coordinates; of overlapping images, that of the last run."""
        for case in reversed(self.cases):
            layer = next((found.layer for found in case.shown.values()), None)
            if layer is not None and self.on_screen(case):
                y, x = layer.world_to_data(position)[-2:]
                number = case.at(float(y), float(x))
                if number is not None:
                    return case, number
        return None

    def _draw(self, case: Case, found: Found, part: Explained) -> None:
        """Let the layer of a method follow its heat."""
        viewer = self._viewer()
        if viewer is None:
            return
        if found.layer is None:
            name = f"{case.image.name}: {found.method.title}"
            layer = Layer.create(*heat_layer(found.heat, name, case.placed, self.blend))
            layer.metadata = origin(part)  # so that nobody takes it for an image to be analysed
            layer.visible = found.method.name == self.method and self.on_screen(case)
            found.layer = viewer.add_layer(layer)
            if isinstance(case.source, Labels):
                case.source.visible = False  # its colours would mix with those of the heat
        elif found.drawn is found.heat:
            found.layer.refresh()
        else:
            found.layer.data = found.heat.data
            for attribute, value in case.placed.items():
                setattr(found.layer, attribute, value)
            self._show(case)
        found.drawn = found.heat
        found.layer.metadata = {**found.layer.metadata, **origin(part)}

    def _taken(self, case: Case, method: Method) -> Image | None:
        """Return the layer of an earlier run by the same method, which is to show another result now."""
        for other in self.cases:
            if other is not case and other.image is case.image and method.name in other.found:
                return other.found.pop(method.name).layer
        return None

    def _tidy(self) -> None:
        """Forget cases that nothing is left of, and what another case has taken over."""
        kept: set[int] = set()
        for case in reversed(self.cases):
            case.found = {name: found for name, found in case.found.items() if id(found) not in kept}
            kept |= {id(found) for found in case.found.values()}
        self.cases = [case for case in self.cases if case.found]

    def _show(self, case: Case) -> None:
        here = self.on_screen(case)
        method = self.method if self.method in case.found else next(iter(case.found), "")
        for name, found in case.found.items():
            if found.layer is not None:
                found.layer.visible = here and name == method

    def on_screen(self, case: Case) -> bool:
        """Return whether the planes are on screen that a case is of."""
        viewer = self._viewer()
        if viewer is None:
            return False
        steps = viewer.dims.current_step
        plane = () if case.source is None else plane_of(case.source, steps)
        return (frame_of(case.image, steps), plane) == (case.frame, case.plane)

    def _on_step(self, _: Any) -> None:
        """Hide heat of another plane than the one on screen."""
        for case in self.cases:
            if case.frame or case.plane:
                self._show(case)

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed."""
        for case in list(self.cases):
            for name, found in list(case.found.items()):
                if found.layer is event.value:
                    case.unwanted.add(name)
                    del case.found[name]
                    if not case.found and isinstance(case.source, Labels):
                        case.source.visible = True
        self.cases = [case for case in self.cases if case.found]
        if self.current not in self.cases:
            self.current = self.cases[-1] if self.cases else None
        self.changed.emit()
