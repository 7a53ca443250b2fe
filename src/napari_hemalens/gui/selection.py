"""One cell of a viewer is selected, in whatever layer, and every layer that shows it follows. No Qt."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes

from napari_hemalens.gui import features_table
from napari_hemalens.gui.cells_on_screen import CellsOnScreen, Sessions, are_of_same_frame
from napari_hemalens.gui.classify.session import classification_session
from napari_hemalens.gui.detect.session import detection_session
from napari_hemalens.gui.explain.clicks import click_callback
from napari_hemalens.gui.explain.session import explanation_session
from napari_hemalens.gui.followers import BoxFollower, ClassFollower, Follower, row_of
from napari_hemalens.gui.running import RunIdle, Runner, Stop, nothing
from napari_hemalens.gui.same_cell import Spot


class SelectedCell:
    """The cell that a person has selected: a box, a label, a row of a table, or a click on the canvas.

    Whoever shows the same cell of the same image lets it stand out; nothing selected is nothing selected everywhere.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    run_idle : RunIdle
        How it waits for the next turn of the event loop.
    sessions : tuple of DetectionSession, ClassificationSession, ExplanationSession
        What is shown in the viewer.
    """

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle, sessions: Sessions) -> None:
        detection, classifying, explaining = sessions
        self._viewer, self._run_idle = weakref.ref(viewer), run_idle
        self._cells = CellsOnScreen(viewer, sessions)
        self._classifying, self._explaining = classifying, explaining
        self._busy = False
        self._emptied: Stop = nothing
        self._cell: tuple[Follower, Spot] | None = None  # that is selected, and where
        self._labels: weakref.WeakKeyDictionary[Labels, int] = weakref.WeakKeyDictionary()  # what each last selected
        self._boxes: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._tables: weakref.WeakSet[Any] = weakref.WeakSet()
        self._walked: tuple[Any, int] | None = None  # where the review was: state, number
        detection.results.changed.connect(self._watch)
        classifying.results.changed.connect(self._on_classified)
        explaining.results.changed.connect(self._watch)
        explaining.cell_chosen.connect(self._on_explained)
        for session in (classifying, explaining):
            session.running_changed.connect(self._on_run)
        viewer.mouse_drag_callbacks.append(click_callback(self._on_click))  # after the one of `explaining`
        viewer.layers.selection.events.changed.connect(self._on_active)
        self._watch()

    def select(self, origin: Follower, row: int | None) -> None:
        """Select a cell of one of those that show cells, or none."""
        if self._busy:
            return
        self._emptied()
        spot = None if row is None else origin.spot(row)
        self._cell = None if spot is None else (origin, spot)
        with self._writing():
            for each in self._cells.followers:
                if each == origin:
                    if row is not None:  # of several boxes, none is the cell, and all stay selected
                        each.highlight(row)
                else:
                    each.highlight(None if spot is None or not are_of_same_frame(each, origin) else each.find(spot))

    def clear(self) -> None:
        """Select nothing."""
        if not self._busy:
            self._cell = None
            with self._writing():
                for each in self._cells.followers:
                    each.highlight(None)

    def _on_run(self, running: bool) -> None:
        """Let what a run has added, or done anew, follow the cell that was selected before."""
        if running or self._busy or self._cell is None:
            return
        origin, spot = self._cell
        with self._writing():
            for each in self._cells.followers:
                if are_of_same_frame(each, origin):
                    each.highlight(each.find(spot))

    def _watch(self) -> None:
        """Listen to layers, and tables, that are new."""
        for each in self._cells.followers:
            for layer in each.layers:
                if isinstance(layer, Labels):
                    self._watch_labels(layer)
                elif layer not in self._boxes:
                    self._boxes.add(layer)
                    _selecting(layer).connect(partial(self._on_boxes, weakref.ref(layer)))

    def _on_active(self, _: Any) -> None:
        """Look for napari's table, which listens to the layers that are selected, once it has begun to."""
        self._run_idle(self._watching())

    def _watching(self) -> Iterator[None]:
        yield
        self._watch()

    def _watch_labels(self, layer: Labels) -> None:
        self._labels.setdefault(layer, int(layer.selected_label))
        layer.events.selected_label.disconnect(self._on_label)
        layer.events.selected_label.connect(self._on_label)  # again: after a table that has begun to listen since
        for table in features_table.tables_of(layer):
            if table not in self._tables:
                self._tables.add(table)
                features_table.listen(table, self._labels, _weakly(self, table))
            features_table.show_row(layer, self._labels[layer])

    def _on_boxes(self, told: Callable[[], Layer | None], _: Any) -> None:
        """Follow a box that is selected, unless it is we who write to its layer."""
        layer = told()
        for each in self._cells.followers:
            if isinstance(each, BoxFollower) and layer in each.layers:
                if not each.busy and not self._busy:
                    self._follow_box(each)
                return

    def _follow_box(self, each: BoxFollower) -> None:
        """Follow the one box that is selected at once; none, only if it stays so: napari unselects what was before."""
        self._emptied()
        if each.chosen is not None:
            self.select(each, each.chosen)
        else:
            self._emptied = self._run_idle(self._empty(each))

    def _empty(self, each: BoxFollower) -> Iterator[None]:
        yield
        self._emptied = nothing
        self.select(each, each.chosen)

    def _on_label(self, event: Any) -> None:
        """Follow a label that is selected: by napari's pipette, in its box of numbers, or by its features table."""
        layer = event.source
        if self._busy:
            return
        if layer.selected_label == self._labels.get(layer):  # new colours tell of a label, too
            features_table.show_row(layer, int(layer.selected_label))
            return
        self._labels[layer] = int(layer.selected_label)
        self._watch_labels(layer)
        self._select_number(layer, features_table.chosen_number(layer))

    def _on_row(self, table: Any, row: int) -> None:
        """Follow a row of napari's features table."""
        viewer = self._viewer()
        layer = None if viewer is None else viewer.layers.selection.active
        if not self._busy and layer in self._labels and table in features_table.tables_of(layer):
            with table._block_selection():  # the row stands as it is
                self._select_number(layer, features_table.number_of(layer, row))

    def _select_number(self, layer: Labels, number: int) -> None:
        found = self._cells.numbered(layer, number)
        if found is not None:
            self.select(*found)
        elif number == 0:
            self.clear()

    def _on_classified(self) -> None:
        """Follow the review."""
        self._watch()
        results = self._classifying.results
        number = None if results.queue is None else results.queue.cell
        walked = None if number is None or results.current is None else (results.current, number)
        if walked is None or walked == self._walked:
            self._walked = walked
            return
        self._walked = walked
        each = ClassFollower(results, walked[0])
        row = row_of(each.cells, walked[1])
        if row is not None:
            self.select(each, row)

    def _on_explained(self, image: Image, number: int) -> None:
        for each in self._cells.heatmaps:
            row = row_of(each.cells, number)
            if each.image is image and row is not None:
                self.select(each, row)

    def _on_click(self, position: tuple[float, ...], layers: Sequence[Layer]) -> None:
        """Select the cell that is clicked; boxes whose layer is active see to those of their image themselves."""
        viewer = self._viewer()
        if viewer is None:
            return
        active = viewer.layers.selection.active
        found = self._cells.at(position, layers)
        if active in self._boxes:
            own = self._cells.of_layer(active)
            if found is not None and own is not None and found[0].image is not own.image:
                self.select(*found)
                self._run_idle(self._activating(found[0].layers))
            return
        beside = self._explaining.results.at(position, layers) if found is None else None
        if found is not None:
            self.select(*found)
        elif beside is not None:  # a micronucleus, say, is explained with the nucleus beside it
            self._on_explained(beside[0].image, beside[1])
        else:
            self.clear()

    def _activating(self, layers: Sequence[Layer]) -> Iterator[None]:
        """Let the keys of a layer count, once napari has told the one before of the end of the click."""
        yield
        viewer = self._viewer()
        shown = () if viewer is None else [layer for layer in layers if layer in viewer.layers and layer.visible]
        if viewer is not None and shown:
            viewer.layers.selection.active = shown[-1]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Tell what we select from what a person does."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
            for layer in list(self._labels):
                self._labels[layer] = int(layer.selected_label)
                features_table.show_row(layer, self._labels[layer])


def cell_selection(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> SelectedCell:
    """Return the selected cell of a viewer, begun at the first call, as are the sessions that show it."""
    itself = getattr(viewer, "__wrapped__", viewer)
    if itself not in _SELECTED:
        sessions = (
            detection_session(viewer, runner),
            classification_session(viewer, runner),
            explanation_session(viewer, runner),
        )
        _SELECTED[itself] = SelectedCell(itself, runner(itself).run_idle, sessions)
    return _SELECTED[itself]


_SELECTED: "weakref.WeakKeyDictionary[ViewerModel, SelectedCell]" = weakref.WeakKeyDictionary()


def _selecting(layer: Shapes | Points) -> Any:
    """Return what tells of a selection; before napari 0.9 that of Shapes was a plain set."""
    return getattr(layer.selected_data, "events", layer.events.highlight)


def _weakly(selected: SelectedCell, table: Any) -> Callable[[int], None]:
    """Return what tells of a row of a table, and keeps neither alive."""
    me, it = weakref.ref(selected), weakref.ref(table)

    def told(row: int) -> None:
        alive, shown = me(), it()
        if alive is not None and shown is not None:
            alive._on_row(shown, row)

    return told
