"""The classified cells of one viewer: records and layers are kept equal, whichever of the two changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from napari.components import ViewerModel
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.result_layers import ResultLayers
from napari_hemalens.gui.classify.review import ClassReview
from napari_hemalens.gui.classify.review_queue import ReviewQueue
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.classify.undoing import ClassHistory
from napari_hemalens.gui.corrected import CorrectedResults
from napari_hemalens.gui.frames import FramesOnScreen
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.pace import Pace
from napari_hemalens.records.classified import Classified
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.signing import sign_classes


class ClassResults(CorrectedResults):
    """States with their layers and counts, what is shown of them, and the review.

    Attributes
    ----------
    states : list of ClassificationState
        In the order of their first run.
    current : ClassificationState or None
        That of the last run, or the one that a person chose: what the review walks through.
    pooled : bool
        Whether all images of the task are counted together, or the current result alone.
    """

    layer_lost = Signal(object)  # a ClassificationState one of whose layers a person removed

    def __init__(self, viewer: ViewerModel) -> None:
        self._history = ClassHistory()
        super().__init__(self._history)
        self._pace = Pace()
        self.states: list[ClassificationState] = []
        self.current: ClassificationState | None = None
        self.pooled = False
        self._layers = ResultLayers(viewer, lambda: self.states)
        self._layers.typed.connect(self._on_typed)
        self._review = ClassReview(viewer, self._layers)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def display(self) -> DisplayFilter:
        """What is shown."""
        return self._layers.display

    @property
    def frames(self) -> FramesOnScreen:
        """What shows results, and outlines, over their own frame alone."""
        return self._layers.frames

    @property
    def queue(self) -> ReviewQueue | None:
        """The review that goes on."""
        return self._review.queue

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
    def waiting(self) -> int:
        """How many cells of the result that is reviewed nobody has named, of those that are shown."""
        return 0 if self.current is None else self._layers.count_waiting(self.current)

    @property
    def status(self) -> str:
        """Which cell the review has come to, and why keys do nothing while another layer is active; '' without one."""
        return self._review.status

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
        self.current, state.labels = state, labels
        self._layers.bring_out(state)
        self._layers.point_at_none()
        state.cell_of_nucleus = state.nc_ratio = state.micronuclei = None  # they were of the labels before
        state.uncounted = ""
        self._pace.begin()
        self.changed.emit()

    def put(self, state: ClassificationState, found: Classified, *, partial: bool) -> None:
        """Give a state its classes, as a run finds them; a partial result is passed over where drawing takes long."""
        if partial and not self._pace.is_due:
            return
        with self._pace.drawing():
            state.reviewed = ReviewedClasses(found) if state.reviewed is None else state.reviewed.merge_run(found)
            self._layers.draw(state)
        self.changed.emit()

    def show_kept(
        self, states: Sequence[ClassificationState], current: ClassificationState | None, *, pooled: bool
    ) -> None:
        """Show results that a project keeps; others stay beside them, but for those of the same question."""
        self.end_review()
        kept = [(state.image, state.key) for state in states]
        replaced = [state for state in self.states if (state.image, state.key) in kept]
        self._forget(replaced)
        self._layers.remove(replaced)
        self.states = [*states, *self.states]
        self.current, self.pooled = current or self.current, pooled
        self._history.begin()
        for state in states:
            self._layers.draw(state)
            self._layers.draw_features(state)
        self._layers.bring_out(self.current)
        self.changed.emit()

    def let_go(self) -> None:
        """Put all results away."""
        self.end_review()
        dropped = self.states
        self._forget(dropped)
        self._layers.remove(dropped)
        self._history.begin()
        self.changed.emit()

    def _forget(self, gone: Sequence[ClassificationState]) -> None:
        self.states = [state for state in self.states if state not in gone]
        self._layers.point_at_none()
        if self.current in gone:
            self.current = None

    def put_numbers(self, state: ClassificationState) -> None:
        """Show what has become known of the nuclei of a state beside their classes."""
        self._layers.draw_features(state)
        self.changed.emit()

    def mark(self, state: ClassificationState) -> None:
        """Keep in the layer of a state where it comes from, and what it was taken of."""
        self._layers.mark(state)
        self.changed.emit()

    def choose(self, display: DisplayFilter) -> None:
        """Show some of the cells only, or all; a review goes on through those that were shown as it began."""
        self._layers.display = display
        self._recolour()

    def point_at(self, state: ClassificationState, number: int | None) -> None:
        """Let one cell of a state stand out, or none; during a review it is the one that the review has come to."""
        if self.queue is None:
            self._layers.point_at(state, number)

    def lock(self, locked: bool) -> None:
        """Forbid or allow a review."""
        if locked:
            self.end_review()
        super().lock(locked)

    def begin_review(self) -> None:
        """Begin to walk through the cells of the last run that nobody has reviewed, least certain first."""
        if not self.locked and self.current is not None and self.current.shown:
            self._review.begin(self.current, self)
            self._follow()

    def end_review(self) -> None:
        """Leave the review; what was reviewed stays."""
        if self.queue is not None:
            self._review.end()
            self._recolour()

    def press(self, key: str) -> None:
        """Give the cell that is looked at the class of a key."""
        name = None if self.queue is None else class_of_key(key, self.queue.reviewed.cells.names)
        if name is not None:
            self._say(lambda queue: queue.assign(name))

    def accept(self) -> None:
        """Let the class of the cell that is looked at stand."""
        self._say(ReviewQueue.accept)

    def look_at_next(self) -> None:
        """Pass over the cell that is looked at."""
        if self.queue is not None:
            self.queue.skip()
            self._follow()

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
            state.reviewed = sign_classes(state.reviewed, cells[state], OBSERVER.name)
            if self.queue is not None and state is self.current:
                self.queue.take(state.reviewed)
        self._show_said(changed)

    def look_at(self, state: ClassificationState, row: int) -> None:
        """Select a cell in the middle of the canvas, in its own frame."""
        self._layers.look_at(state, row)
        if state.reviewed is not None:
            self.point_at(state, int(state.reviewed.cells.ids[row]))

    def _remember(self) -> None:
        self._history.remember(self.states, self.queue)

    def _show_said(self, states: Iterable[ClassificationState]) -> None:
        for state in states:
            self._layers.draw_features(state)
        self._follow()

    def _say(self, word: Callable[[ReviewQueue], None]) -> None:
        if self.queue is not None and self.current is not None:
            self._remember()
            word(self.queue)
            self.queue.reviewed = sign_classes(self.current.reviewed, self.queue.reviewed, OBSERVER.name)
            self.current.reviewed = self.queue.reviewed
            self._show_said([self.current])

    def _follow(self) -> None:
        """Show the cell that a review has come to."""
        if self.queue is not None and not self._review.follow():
            self._review.end()
        self._recolour()

    def _recolour(self) -> None:
        for state in self.states:
            self._layers.colour(state)
        self.changed.emit()

    def _on_typed(self, state: ClassificationState, words: Mapping[int, str]) -> None:
        """Take the classes that a person has typed into the table of a layer."""
        if not self.locked and self.queue is None and state.reviewed is not None:
            said = state.reviewed.with_corrections(words)
            if said.corrections != state.reviewed.corrections:
                self._remember()
                state.reviewed = sign_classes(state.reviewed, said, OBSERVER.name)
        self._layers.draw_features(state)
        self._recolour()

    def _on_active(self, _: Any) -> None:
        if self.queue is not None:
            self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed; the words of a person wait for another run."""
        for state in self.states:
            was_shown = state.layer is event.value
            if was_shown and state is self.current and self.queue is not None:
                self._review.end()
            if state.lose(event.value):
                self.layer_lost.emit(state)
            if was_shown and state is self.current:
                self.current = next((c for c in reversed(self.states_of_task) if c.shown), state)
        gone = self._layers.abandoned
        if gone and not self.locked:  # nobody can come back to them, and they hold memory
            self._forget(gone)
            self._history.forget(gone)
            self.current = self.current or (self.states[-1] if self.states else None)
        self.changed.emit()
