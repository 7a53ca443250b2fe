"""The classified cells of one viewer: records and layers are kept equal, whichever of the two changes."""

import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.gui.axes import frame_title, go_to_frame
from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.classify.frames import ClassesOnScreen
from napari_hemalens.gui.classify.keys import bind, unbind
from napari_hemalens.gui.classify.layers import (
    OPACITY,
    DisplayFilter,
    colours,
    corrections_in,
    features,
    origin,
    result_layer,
)
from napari_hemalens.gui.classify.micronuclei import MicronucleiMarks
from napari_hemalens.gui.classify.review_queue import ReviewQueue, centre_on_cell, outline_width
from napari_hemalens.gui.classify.state import PAIRS, ClassificationState
from napari_hemalens.gui.classify.undoing import ClassHistory
from napari_hemalens.gui.layers import MARK
from napari_hemalens.records.classified import Classified
from napari_hemalens.review.classes import ReviewedClasses

COLOURED_AT_ONCE = 3_000_000
"""Pixels of a result that get other colours while a person clicks: napari takes 10 ms for a million."""

_DEAF = "Keys give no class while another layer is active: click {!r} in the layer list."

_PATIENCE = 4  # times as long as it takes to draw them are partial results apart


class ClassResults:
    """States with their layers and counts, what is shown of them, and the review.

    Attributes
    ----------
    states : list of ClassificationState
        In the order of their first run.
    current : ClassificationState or None
        That of the last run, or the one that a person chose: what the review walks through.
    pooled : bool
        Whether all images of the task are counted together, or the current result alone.
    display : DisplayFilter
        What is shown.
    queue : ReviewQueue or None
        The review that goes on.
    locked : bool
        Whether a run goes on: what it finds is shown, and not to be reviewed yet.
    frames : ClassesOnScreen
        Shows results, and outlines, over their own frame alone.
    """

    changed = Signal()
    layer_lost = Signal(object)  # a ClassificationState one of whose layers a person removed

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._busy = False
        self._drawn, self._cost = 0.0, 0.0  # when the last partial result was, and how long it took to draw
        self.states: list[ClassificationState] = []
        self.current: ClassificationState | None = None
        self.pooled = False
        self.display = DisplayFilter()
        self.queue: ReviewQueue | None = None
        self.locked = False
        self._pointed: tuple[ClassificationState, int] | None = None
        self._history = ClassHistory()
        self._marks = MicronucleiMarks(viewer)
        self.frames = ClassesOnScreen(viewer, lambda: self.states)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def states_of_task(self) -> tuple[ClassificationState, ...]:
        """Every state of the current task that has a result."""
        return tuple(c for c in self.states if self.current is not None and c.shown and c.task is self.current.task)

    @property
    def counted_states(self) -> tuple[ClassificationState, ...]:
        """The states that are counted: the current one, or with it all of its task."""
        return tuple(state for state in self.states_of_task if self.pooled or state is self.current)

    @property
    def counted(self) -> tuple[ReviewedClasses, ...]:
        """Their cells."""
        return tuple(state.reviewed for state in self.counted_states if state.reviewed is not None)

    @property
    def status(self) -> str:
        """Which cell the review has come to, and why keys do nothing while another layer is active; '' without one."""
        viewer, layer = self._viewer(), None if self.current is None else self.current.layer
        if self.queue is None or viewer is None or layer is None:
            return ""
        deaf = viewer.layers.selection.active is not layer
        return f"{self.queue.status}. {_DEAF.format(layer.name)}" if deaf else self.queue.status

    def count(self, state: ClassificationState | None) -> None:
        """Count one state, which becomes the current one, or (None) all of the current task together."""
        self.pooled = state is None
        if state is not None and state is not self.current and not self.locked:
            self.end_review()
            self.current = state
        self._recolour()

    def state(self, asked: ClassificationState) -> ClassificationState:
        """Return the state of the same cells and question where there is one already, else the state itself."""
        same = (c for c in self.states if c.source is asked.source and c.key == asked.key)
        return next(same, asked)

    def begin(self, state: ClassificationState, labels: NDArray[Any]) -> None:
        """Show the cells of a state before any has a class."""
        self.end_review()
        if state not in self.states:
            self.states.append(state)
        self.current, state.labels, self._pointed = state, labels, None
        state.cell_of_nucleus, state.micronuclei, state.uncounted = None, None, ""  # they were of the labels before
        self._drawn = 0.0
        self.changed.emit()

    def put(self, state: ClassificationState, found: Classified, *, partial: bool) -> None:
        """Give a state its classes, as a run finds them; a partial result is passed over where drawing takes long."""
        began = time.monotonic()
        if partial and began - self._drawn < _PATIENCE * self._cost:
            return
        state.reviewed = ReviewedClasses(found) if state.reviewed is None else state.reviewed.merge_run(found)
        self._draw(state)
        self._drawn = time.monotonic()
        self._cost = self._drawn - began
        self.changed.emit()

    def show_kept(
        self, states: Sequence[ClassificationState], current: ClassificationState | None, *, pooled: bool
    ) -> None:
        """Show results that a project keeps; others stay beside them, but for those of the same question."""
        self.end_review()
        kept = [(state.image, state.key) for state in states]
        replaced = [state for state in self.states if (state.image, state.key) in kept]
        self._drop(replaced)
        self.states = [*states, *self.states]
        self.current, self.pooled = current or self.current, pooled
        self._history = ClassHistory()
        for state in states:
            self._draw(state)
            self._draw_features(state)
        self.changed.emit()

    def let_go(self) -> None:
        """Put all results away."""
        self.end_review()
        self._drop(self.states)
        self._history = ClassHistory()
        self.changed.emit()

    def _drop(self, states: Sequence[ClassificationState]) -> None:
        viewer, dropped = self._viewer(), [*states]
        self.states = [state for state in self.states if state not in dropped]
        if self.current in dropped:
            self.current, self._pointed = None, None
        for layer in [layer for state in dropped for layer in (state.layer, state.marks, state.pairs)]:
            if viewer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)

    def forget_corrections(self, state: ClassificationState) -> None:
        """Discard what a person said of the cells of a state."""
        if state.reviewed is not None:
            state.reviewed = ReviewedClasses(state.reviewed.cells)

    def put_numbers(self, state: ClassificationState) -> None:
        """Show what has become known of the nuclei of a state beside their classes."""
        self._draw_features(state)
        self.frames.follow(state)
        self.changed.emit()

    def mark(self, state: ClassificationState) -> None:
        """Keep in the layer of a state where it comes from, and what it was taken of."""
        if state.layer is not None and state.reviewed is not None:
            state.layer.metadata = {**state.layer.metadata, MARK: origin(state.reviewed, state.sample)}
        self.changed.emit()

    def choose(self, display: DisplayFilter) -> None:
        """Show some of the cells only, or all; a review goes on through those that were shown as it began."""
        self.display = replace(display, at=self.display.at)
        self._recolour()

    def point_at(self, state: ClassificationState, number: int | None) -> None:
        """Let one cell of a state stand out, or none; during a review it is the one that the review has come to."""
        before = self._pointed
        here = before is not None and before[0] is state
        if self.queue is not None or (number is None and not here) or (here and before == (state, number)):
            return
        self._pointed = None if number is None else (state, number)
        for each in {state, state if before is None else before[0]}:
            if _quick_to_colour(each):
                self._colour(each)

    def lock(self, locked: bool) -> None:
        """Forbid or allow a review."""
        self.locked = locked
        if locked:
            self.end_review()
        self.changed.emit()

    def begin_review(self) -> None:
        """Begin to walk through the cells of the last run that nobody has reviewed, least certain first."""
        viewer, state = self._viewer(), self.current
        if viewer is None or self.locked or state is None or state.reviewed is None or state.layer is None:
            return
        self.queue = ReviewQueue(
            state.reviewed, state.task.positive, state.threshold, self.display.shows(state.reviewed)
        )
        state.layer.visible = True
        state.layer.contour, state.layer.opacity = outline_width(state.reviewed), 1  # the cell itself is to be seen
        if state.pairs is not None:
            state.pairs.visible = False  # its outlines would hide those of the classes
        viewer.layers.selection.active = state.layer  # whose keys count
        bind(state.layer, self)
        self._follow()

    def end_review(self) -> None:
        """Leave the review; what was reviewed stays."""
        if self.queue is None:
            return
        self.queue, self._pointed = None, None
        layer = None if self.current is None else self.current.layer
        if layer is not None:
            unbind(layer)
            layer.contour, layer.opacity = 0, OPACITY
        if self.current is not None and self.current.pairs is not None:
            self.current.pairs.visible = self.current.cells_by == PAIRS
        self.display = replace(self.display, at=None)
        self._recolour()

    def press(self, key: str) -> None:
        """Give the cell that is looked at the class of a key."""
        name = None if self.queue is None else class_of_key(key, self.queue.reviewed.cells.names)
        if self.queue is not None and name is not None:
            self._remember()
            self.queue.assign(name)
            self._judged()

    def accept(self) -> None:
        """Let the class of the cell that is looked at stand."""
        if self.queue is not None:
            self._remember()
            self.queue.accept()
            self._judged()

    def look_at_next(self) -> None:
        """Pass over the cell that is looked at."""
        if self.queue is not None:
            self.queue.skip()
            self._follow()

    @property
    def can_undo(self) -> bool:
        """Whether there is a word of a person to take back."""
        return self._history.can_undo and not self.locked

    @property
    def can_redo(self) -> bool:
        """Whether there is one to say again."""
        return self._history.can_redo and not self.locked

    def undo(self) -> None:
        """Take back what was said last, in a review, a table or a gallery."""
        if self.can_undo:
            self._show_said(self._history.back(self.states, self.queue))

    def redo(self) -> None:
        """Say it again."""
        if self.can_redo:
            self._show_said(self._history.forth(self.states, self.queue))

    def replace_cells(self, cells: Mapping[ClassificationState, ReviewedClasses]) -> None:
        """Give results the cells that a person made of theirs, in one step; a review that goes on takes them, too."""
        changed = [state for state, reviewed in cells.items() if reviewed is not state.reviewed]
        if self.locked or not changed:
            return
        self._remember()
        for state in changed:
            state.reviewed = cells[state]
            if self.queue is not None and state is self.current:
                self.queue.take(cells[state])
        self._show_said(changed)

    def look_at(self, state: ClassificationState, row: int) -> None:
        """Select a cell in the middle of the canvas, in its own frame."""
        viewer, reviewed = self._viewer(), state.reviewed
        if viewer is None or reviewed is None or state.layer is None:
            return
        go_to_frame(viewer, state.image, state.frame)
        state.layer.visible = True
        viewer.layers.selection.active = state.layer
        centre_on_cell(viewer, state.layer, reviewed, row)
        state.layer.selected_label = int(reviewed.cells.ids[row])
        self.point_at(state, int(reviewed.cells.ids[row]))

    def _remember(self) -> None:
        self._history.remember(self.states, self.queue)

    def _show_said(self, states: Iterable[ClassificationState]) -> None:
        for state in states:
            self._draw_features(state)
        if self.queue is not None:
            self._follow()
        else:
            self._recolour()

    def _judged(self) -> None:
        if self.queue is not None and self.current is not None:
            self.current.reviewed = self.queue.reviewed
            self._draw_features(self.current)
            self._follow()

    def _follow(self) -> None:
        """Show the cell that the review has come to."""
        viewer, state = self._viewer(), self.current
        if self.queue is None or viewer is None or state is None or state.layer is None:
            return
        self.display = replace(self.display, at=self.queue.cell)
        if self.queue.row is None:
            self.end_review()
        else:
            centre_on_cell(viewer, state.layer, self.queue.reviewed, self.queue.row)
            self._recolour()

    def _recolour(self) -> None:
        for state in self.states:
            self._colour(state)
        self.changed.emit()

    def _colour(self, state: ClassificationState) -> None:
        if state.reviewed is None or state.layer is None:
            return
        look = replace(self.display, at=None)
        if self.queue is not None and state is self.current:
            look = self.display
        elif self._pointed is not None and self._pointed[0] is state and _quick_to_colour(state):
            look = replace(look, at=self._pointed[1])
        state.layer.colormap = colours(state.reviewed, look)

    def _draw(self, state: ClassificationState) -> None:
        """Let the layer of a state follow its cells."""
        viewer = self._viewer()
        if viewer is None or state.reviewed is None or state.labels is None:
            return
        if state.layer is None:
            layer = Layer.create(*result_layer(state.reviewed, state.labels, state.placement, self.display))
            layer.features = features(state.reviewed, state.cells, state.seen)
            layer.metadata = {MARK: origin(state.reviewed, state.sample)}
            frame = frame_title(state.image, state.frame) if state.frame else ""
            layer.name = f"{state.source.name}: {state.task.name}" + (f" [{frame}]" if frame else "")
            layer.editable = False  # whoever wants other cells paints them in the layer they come from
            layer.events.features.connect(self._on_features)
            viewer.add_layer(layer)
            state.layer = layer
            state.source.visible = False  # its colours would mix with those of the classes
            self.frames.follow(state)
            return
        with self._drawing():
            if state.layer.data is not state.labels:
                state.layer.data = state.labels
        self._draw_features(state)
        state.layer.metadata = {**state.layer.metadata, MARK: origin(state.reviewed, state.sample)}
        self._colour(state)

    def _draw_features(self, state: ClassificationState) -> None:
        if state.reviewed is not None and state.layer is not None:
            with self._drawing():
                state.layer.features = features(state.reviewed, state.cells, state.seen)
            self._marks.follow(state)

    def _on_features(self, event: Any) -> None:
        """Read the classes that a person has typed into the table of a layer."""
        state = next((c for c in self.states if c.layer is event.source), None)
        if self._busy or state is None or state.reviewed is None:
            return
        if not self.locked and self.queue is None:
            words = corrections_in(event.source)
            said = state.reviewed.with_corrections({cell: name for cell, name in words.items() if name != "nan"})
            if said.corrections != state.reviewed.corrections:
                self._remember()
                state.reviewed = said
        self._draw_features(state)
        self._recolour()

    def _on_active(self, _: Any) -> None:
        if self.queue is not None:
            self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed; the words of a person wait for another run."""
        for state in self.states:
            if state.layer is event.value:
                if state is self.current:
                    self.queue, self.display = None, replace(self.display, at=None)
                state.layer, state.source.visible = None, True
                self.layer_lost.emit(state)
                if state is self.current:
                    self.current = next((c for c in reversed(self.states_of_task) if c.shown), state)
            elif event.value is state.marks:
                state.marks = state.bodies = None
            elif event.value in (state.source, state.image):
                self.layer_lost.emit(state)
        self._let_go()
        self.changed.emit()

    def _let_go(self) -> None:
        """Forget what nobody can come back to, since cells, image and classes have left the viewer: it holds memory."""
        viewer = self._viewer()
        there = set() if viewer is None else set(viewer.layers)
        gone = [c for c in self.states if c.layer is None and not there & {c.source, c.image}]
        if not gone or self.locked:
            return
        self.states = [state for state in self.states if state not in gone]
        self._history.forget(gone)
        self._pointed = None
        if self.current in gone:
            self.current = self.states[-1] if self.states else None

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Tell what we draw from what a person types."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False


def _quick_to_colour(state: ClassificationState) -> bool:
    """Return whether a result is coloured anew while a person clicks."""
    return state.labels is not None and state.labels.size <= COLOURED_AT_ONCE
