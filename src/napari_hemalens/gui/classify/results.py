"""The classified cells of one viewer: records and layers are kept equal, whichever of the two changes."""

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.gui.classify.case import PAIRS, Case
from napari_hemalens.gui.classify.keys import bind, unbind
from napari_hemalens.gui.classify.layers import OPACITY, Look, colours, features, origin, result_layer, words_of
from napari_hemalens.gui.classify.walk import Walk, look_at, outline_width
from napari_hemalens.gui.layers import MARK
from napari_hemalens.records.classified import Classified
from napari_hemalens.review.classes import Judged

COLOURED_AT_ONCE = 3_000_000
"""Pixels of a result that get other colours while a person clicks: napari takes 10 ms for a million."""

_PATIENCE = 4  # times as long as it takes to draw them are partial results apart


class ClassResults:
    """Cases with their layers and counts, what is shown of them, and the review.

    Attributes
    ----------
    cases : list of Case
        In the order of their first run.
    current : Case or None
        That of the last run, or the one that a person chose: what the review walks through.
    pooled : bool
        Whether all images of the task are counted together, or the current result alone.
    look : Look
        What is shown.
    walk : Walk or None
        The review that goes on.
    locked : bool
        Whether a run goes on: what it finds is shown, and not to be judged yet.
    """

    changed = Signal()
    lost = Signal(object)  # a Case one of whose layers a person removed

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._busy = False
        self._drawn, self._cost = 0.0, 0.0  # when the last partial result was, and how long it took to draw
        self.cases: list[Case] = []
        self.current: Case | None = None
        self.pooled = False
        self.look = Look()
        self.walk: Walk | None = None
        self.locked = False
        self._pointed: tuple[Case, int] | None = None
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def of_task(self) -> tuple[Case, ...]:
        """Every case of the current task that has a result."""
        return tuple(c for c in self.cases if self.current is not None and c.shown and c.task is self.current.task)

    @property
    def counted_cases(self) -> tuple[Case, ...]:
        """The cases that are counted: the current one, or with it all of its task."""
        return tuple(case for case in self.of_task if self.pooled or case is self.current)

    @property
    def counted(self) -> tuple[Judged, ...]:
        """Their cells."""
        return tuple(case.judged for case in self.counted_cases if case.judged is not None)

    def count(self, case: Case | None) -> None:
        """Count one case, which becomes the current one, or (None) all of the current task together."""
        self.pooled = case is None
        if case is not None and case is not self.current and not self.locked:
            self.end_review()
            self.current = case
        self._recolour()

    def case(self, asked: Case) -> Case:
        """Return the case of the same cells and question where there is one already, else the case itself."""
        same = (c for c in self.cases if c.source is asked.source and c.key == asked.key)
        return next(same, asked)

    def begin(self, case: Case, labels: NDArray[Any]) -> None:
        """Show the cells of a case before any has a class."""
        self.end_review()
        if case not in self.cases:
            self.cases.append(case)
        self.current, case.labels, self._pointed = case, labels, None
        case.belonging, case.micronuclei, case.uncounted = None, None, ""  # they were of the labels before
        self._drawn = 0.0
        self.changed.emit()

    def put(self, case: Case, found: Classified, *, partial: bool) -> None:
        """Give a case its classes, as a run finds them; a partial result is passed over where drawing takes long."""
        began = time.monotonic()
        if partial and began - self._drawn < _PATIENCE * self._cost:
            return
        case.judged = Judged(found) if case.judged is None else case.judged.rerun(found)
        self._draw(case)
        self._drawn = time.monotonic()
        self._cost = self._drawn - began
        self.changed.emit()

    def forget_words(self, case: Case) -> None:
        """Discard what a person said of the cells of a case."""
        if case.judged is not None:
            case.judged = Judged(case.judged.cells)

    def put_numbers(self, case: Case) -> None:
        """Show what has become known of the nuclei of a case beside their classes."""
        self._draw_features(case)
        self.changed.emit()

    def mark(self, case: Case) -> None:
        """Keep in the layer of a case where it comes from, and what it was taken of."""
        if case.layer is not None and case.judged is not None:
            case.layer.metadata = {**case.layer.metadata, MARK: origin(case.judged, case.sample)}
        self.changed.emit()

    def choose(self, only: str | None, least_entropy: float) -> None:
        """Show one class only, or all; and cells that are at least so uncertain."""
        self.look = Look(only, least_entropy, self.look.at)
        self._recolour()

    def point_at(self, case: Case, number: int | None) -> None:
        """Let one cell of a case stand out, or none; during a review it is the one that the review has come to."""
        before = self._pointed
        here = before is not None and before[0] is case
        if self.walk is not None or (number is None and not here) or (here and before == (case, number)):
            return
        self._pointed = None if number is None else (case, number)
        for each in {case, case if before is None else before[0]}:
            if _light(each):
                self._colour(each)

    def lock(self, locked: bool) -> None:
        """Forbid or allow a review."""
        self.locked = locked
        if locked:
            self.end_review()
        self.changed.emit()

    def begin_review(self) -> None:
        """Walk through the cells of the last run that nobody has judged, least certain first."""
        viewer, case = self._viewer(), self.current
        if viewer is None or self.locked or case is None or case.judged is None or case.layer is None:
            return
        self.walk = Walk(case.judged, case.task.positive, case.threshold)
        case.layer.visible = True
        case.layer.contour, case.layer.opacity = outline_width(case.judged), 1  # the cell itself is to be seen
        if case.pairs is not None:
            case.pairs.visible = False  # its outlines would hide those of the classes
        viewer.layers.selection.active = case.layer  # whose keys count
        bind(case.layer, self)
        self._follow()

    def end_review(self) -> None:
        """Leave the review; what was judged stays."""
        if self.walk is None:
            return
        self.walk, self._pointed = None, None
        layer = None if self.current is None else self.current.layer
        if layer is not None:
            unbind(layer)
            layer.contour, layer.opacity = 0, OPACITY
        if self.current is not None and self.current.pairs is not None:
            self.current.pairs.visible = self.current.cells_by == PAIRS
        self.look = Look(self.look.only, self.look.least_entropy)
        self._recolour()

    def press(self, number: int) -> None:
        """Give the cell that is looked at the class of a key in 1-9."""
        if self.walk is not None and number <= len(self.walk.judged.cells.names):
            self.walk.judge(self.walk.judged.cells.names[number - 1])
            self._judged()

    def accept(self) -> None:
        """Let the class of the cell that is looked at stand."""
        if self.walk is not None:
            self.walk.accept()
            self._judged()

    def undo(self) -> None:
        """Take the last judgement of the review back."""
        if self.walk is not None and self.walk.can_undo:
            self.walk.undo()
            self._judged()

    def _judged(self) -> None:
        if self.walk is not None and self.current is not None:
            self.current.judged = self.walk.judged
            self._draw_features(self.current)
            self._follow()

    def _follow(self) -> None:
        """Show the cell that the review has come to."""
        viewer, case = self._viewer(), self.current
        if self.walk is None or viewer is None or case is None or case.layer is None:
            return
        self.look = Look(self.look.only, self.look.least_entropy, self.walk.cell)
        look_at(viewer, case.layer, self.walk)
        if self.walk.row is None:
            self.end_review()
        else:
            self._recolour()

    def _recolour(self) -> None:
        for case in self.cases:
            self._colour(case)
        self.changed.emit()

    def _colour(self, case: Case) -> None:
        if case.judged is None or case.layer is None:
            return
        look = Look(self.look.only, self.look.least_entropy)
        if self.walk is not None and case is self.current:
            look = self.look
        elif self._pointed is not None and self._pointed[0] is case and _light(case):
            look = replace(look, at=self._pointed[1])
        case.layer.colormap = colours(case.judged, look)

    def _draw(self, case: Case) -> None:
        """Let the layer of a case follow its cells."""
        viewer = self._viewer()
        if viewer is None or case.judged is None or case.labels is None:
            return
        if case.layer is None:
            layer = Layer.create(*result_layer(case.judged, case.labels, case.placed, self.look))
            layer.features = features(case.judged, case.cells, case.seen)
            layer.metadata = {MARK: origin(case.judged, case.sample)}
            layer.name = f"{case.source.name}: {case.task.name}"
            layer.editable = False  # whoever wants other cells paints them in the layer they come from
            layer.events.features.connect(self._on_features)
            viewer.add_layer(layer)
            case.layer = layer
            case.source.visible = False  # its colours would mix with those of the classes
            return
        with self._drawing():
            if case.layer.data is not case.labels:
                case.layer.data = case.labels
        self._draw_features(case)
        case.layer.metadata = {**case.layer.metadata, MARK: origin(case.judged, case.sample)}
        self._colour(case)

    def _draw_features(self, case: Case) -> None:
        if case.judged is not None and case.layer is not None:
            with self._drawing():
                case.layer.features = features(case.judged, case.cells, case.seen)

    def _on_features(self, event: Any) -> None:
        """Read the classes that a person has typed into the table of a layer."""
        case = next((c for c in self.cases if c.layer is event.source), None)
        if self._busy or case is None or case.judged is None:
            return
        if not self.locked and self.walk is None:
            words = words_of(event.source)
            case.judged = case.judged.naming({cell: name for cell, name in words.items() if name != "nan"})
        self._draw_features(case)
        self._recolour()

    def _on_removed(self, event: Any) -> None:
        """Let go of what a person has removed; the words of a person wait for another run."""
        for case in self.cases:
            if case.layer is event.value:
                if case is self.current:
                    self.walk, self.look = None, Look(self.look.only, self.look.least_entropy)
                case.layer, case.source.visible = None, True
                self.lost.emit(case)
                if case is self.current:
                    self.current = next((c for c in reversed(self.of_task) if c.shown), case)
            elif event.value in (case.source, case.image):
                self.lost.emit(case)
        self.changed.emit()

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Tell what we draw from what a person types."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False


def _light(case: Case) -> bool:
    """Return whether a result is coloured anew while a person clicks."""
    return case.labels is not None and case.labels.size <= COLOURED_AT_ONCE
