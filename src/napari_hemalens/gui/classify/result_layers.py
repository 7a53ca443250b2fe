"""The layers of one viewer that show classified cells: coloured as results say, and read when a person types there."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.gui.axes import frame_title
from napari_hemalens.gui.camera import centre_on
from napari_hemalens.gui.classify.layers import (
    DisplayFilter,
    colours,
    corrections_in,
    features,
    origin,
    result_layer,
)
from napari_hemalens.gui.classify.micronuclei import MicronucleiMarks
from napari_hemalens.gui.classify.state import PAIRS, ClassificationState
from napari_hemalens.gui.frames import FramesOnScreen
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.uncovering import hide_stored, lay_over, uncover
from napari_hemalens.records.classified import UNCORRECTED

COLOURED_AT_ONCE = 3_000_000
"""Pixels of a result that get other colours while a person clicks: napari takes 10 ms for a million."""


class ResultLayers:
    """The layers of results, and of the micronuclei seen in them.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    states : callable
        Returns the results as they are now.

    Attributes
    ----------
    display : DisplayFilter
        Which cells are shown.
    reviewed : tuple of ClassificationState and int, or None
        The cell that a review has come to: the others are faint.
    frames : FramesOnScreen
        Shows results, and outlines, over their own frame alone.
    typed : Signal
        A person has typed into the table of the layer of a result: which, and the class of each cell that has one.
    """

    typed = Signal(object, object)

    def __init__(self, viewer: ViewerModel, states: Callable[[], Sequence[ClassificationState]]) -> None:
        self._viewer, self._states = weakref.ref(viewer), states
        self._busy = False
        self._pointed: tuple[ClassificationState, int] | None = None
        self._marks = MicronucleiMarks(viewer)
        self.display = DisplayFilter()
        self.reviewed: tuple[ClassificationState, int] | None = None
        self.frames = FramesOnScreen(viewer, lambda: [state.framed for state in states()])

    def draw(self, state: ClassificationState) -> None:
        """Let the layer of a result follow its cells."""
        if state.reviewed is None or state.labels is None:
            return
        if state.layer is None:
            self._add(state)
            return
        with self._drawing():
            if state.layer.data is not state.labels:
                state.layer.data = state.labels
        self.draw_features(state)
        self.mark(state)
        self.colour(state)

    def draw_features(self, state: ClassificationState) -> None:
        """Let the table of a layer, and the marks of micronuclei, follow what is known of the cells."""
        if state.reviewed is not None and state.layer is not None:
            with self._drawing():
                state.layer.features = features(state)
            self._marks.follow(state)
            self.frames.follow(state.framed)

    def mark(self, state: ClassificationState) -> None:
        """Keep in the layer of a result where it comes from, and what it was taken of."""
        if state.layer is not None and state.reviewed is not None:
            state.layer.metadata = {**state.layer.metadata, MARK: origin(state.reviewed, state.sample)}

    def colour(self, state: ClassificationState) -> None:
        """Colour the cells of a result by class, those that are shown; one of them may stand out."""
        if state.reviewed is not None and state.layer is not None:
            state.layer.colormap = colours(state.reviewed, self.display, self._standing_out(state))

    def count_waiting(self, state: ClassificationState) -> int:
        """Return how many of the cells of a result that are shown nobody has named."""
        if state.reviewed is None:
            return 0
        return int(np.count_nonzero((state.reviewed.given == UNCORRECTED) & self.display.shows(state.reviewed)))

    def bring_out(self, state: ClassificationState | None) -> None:
        """Show the classes of a result, and hide what other questions found in the same cells: colours would mix."""
        if state is None:
            return
        for other in self._states():
            alike = (other.frame, other.plane) == (state.frame, state.plane)
            for layer in other.framed.layers if alike and other.source is state.source and other is not state else ():
                self.frames.hide(layer)
        if self.frames.shows(state.framed):
            for each in (state.layer, state.marks, state.pairs if state.cells_by == PAIRS else None):
                if each is not None:
                    each.visible = True

    def point_at(self, state: ClassificationState, number: int | None) -> None:
        """Let one cell of a result stand out, or none."""
        before = self._pointed
        here = before is not None and before[0] is state
        if (number is None and not here) or (here and before == (state, number)):
            return
        self._pointed = None if number is None else (state, number)
        for each in {state, state if before is None else before[0]}:
            if _quick_to_colour(each):
                self.colour(each)

    def point_at_none(self) -> None:
        """Let no cell stand out from when it is coloured next."""
        self._pointed = None

    def look_at(self, state: ClassificationState, row: int) -> None:
        """Select a cell in the middle of the canvas, in its own frame."""
        viewer, reviewed = self._viewer(), state.reviewed
        if viewer is None or reviewed is None or state.layer is None:
            return
        self.frames.go_to(state.framed)
        self.bring_out(state)
        viewer.layers.selection.active = state.layer
        self.centre_on(state, row)
        state.layer.selected_label = int(reviewed.cells.ids[row])

    def centre_on(self, state: ClassificationState, row: int) -> None:
        """Move the camera so that a cell is in the middle of the canvas, not closer than suits most of its image.

        What the border of the image leaves of a cell would fill the canvas otherwise.
        """
        viewer = self._viewer()
        if viewer is not None and state.layer is not None and state.reviewed is not None:
            uncover(viewer, state.image)
            cells = state.reviewed.cells
            across = max(cell_diameter(cells.areas[[row]]), cell_diameter(cells.areas))
            centre_on(viewer, state.layer, cells.centres[row], across)

    @property
    def abandoned(self) -> Sequence[ClassificationState]:
        """Results that nobody can come back to, since cells, image and classes have left the viewer."""
        viewer = self._viewer()
        there = set() if viewer is None else set(viewer.layers)
        return [state for state in self._states() if state.layer is None and not there & {state.source, state.image}]

    def remove(self, states: Iterable[ClassificationState]) -> None:
        """Take the layers of results out of the viewer."""
        viewer = self._viewer()
        for layer in [layer for state in states for layer in state.framed.layers]:
            if viewer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)

    def _add(self, state: ClassificationState) -> None:
        viewer = self._viewer()
        if viewer is None or state.reviewed is None or state.labels is None:
            return
        layer = Layer.create(*result_layer(state.reviewed, state.labels, state.place, self.display))
        layer.features = features(state)
        layer.metadata = {MARK: origin(state.reviewed, state.sample)}
        frame = frame_title(state.image, state.frame) if state.frame else ""
        of = f" [{frame}]" if frame and f"[{frame}]" not in state.source.name else ""  # outlines name theirs
        layer.name = f"{state.source.name}: {state.task.name}{of}"
        layer.editable = False  # whoever wants other cells paints them in the layer they come from
        layer.events.features.connect(self._on_features)
        viewer.add_layer(layer)
        lay_over(viewer, layer, state.image)
        hide_stored(viewer, layer, state.image)
        uncover(viewer, state.image)
        state.layer = layer
        self.frames.hide(state.source)  # its colours would mix with those of the classes
        self.frames.follow(state.framed)

    def _standing_out(self, state: ClassificationState) -> int | None:
        if self.reviewed is not None and self.reviewed[0] is state:
            return self.reviewed[1]
        pointed = self._pointed is not None and self._pointed[0] is state and _quick_to_colour(state)
        return self._pointed[1] if pointed and self._pointed is not None else None

    def _on_features(self, event: Any) -> None:
        state = next((each for each in self._states() if each.layer is event.source), None)
        if not self._busy and state is not None and state.reviewed is not None:
            words = corrections_in(event.source)
            self.typed.emit(state, {cell: name for cell, name in words.items() if name != "nan"})

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Tell what we draw from what a person types."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False


def cell_diameter(areas: NDArray[np.int64]) -> float:
    """Return the diameter of a typical cell, in pixels."""
    return 2 * float(np.sqrt(np.median(areas) / np.pi))


def _quick_to_colour(state: ClassificationState) -> bool:
    """Return whether a result is coloured anew while a person clicks."""
    return state.labels is not None and state.labels.size <= COLOURED_AT_ONCE
