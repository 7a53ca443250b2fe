"""The results of one viewer: cells and layers are kept equal, whichever of the two changes."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points
from psygnal import Signal

from napari_hemalens.gui import gestures
from napari_hemalens.gui.axes import colours_guessed
from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.detect.field_layers import Field, FieldLayers
from napari_hemalens.gui.layers import BOXES_AT_MOST
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.differential import Differential, Tissue
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.history import History

State: TypeAlias = tuple[tuple[Field, ReviewedBoxes], ...]


class Results:
    """Fields with their cells, layers and counts; every correction can be undone.

    Attributes
    ----------
    fields : list of Field
        The images analysed, in the order of their first run.
    score_threshold : float
        The score from which a cell is shown and counted.
    tissue : {'marrow', 'blood'}
        What is counted.
    next_class : str
        The class of the next box that a person draws.
    locked : bool
        Whether a run goes on: what it finds is shown, and not to be edited yet.
    """

    changed = Signal()
    drawn = Signal(object)  # a Field whose layer shows all of its cells
    layer_lost = Signal(object)  # a Field whose layer or image a person removed
    hovered = Signal(str)

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        self.fields: list[Field] = []
        self.score_threshold = 0.5
        self.tissue: Tissue = "marrow"
        self.next_class = UNCLASSIFIABLE
        self.locked = False
        self._history: History[State] = History()
        self._layers_of_fields = FieldLayers(viewer, run_idle)
        self._layers_of_fields.added.connect(self._on_added)
        self._layers_of_fields.drawn.connect(self.drawn.emit)
        self._layers_of_fields.edited.connect(self._on_edited)
        self._layers_of_fields.removed.connect(self._on_removed)

    @property
    def show_labels(self) -> bool:
        """Whether boxes that are large enough on the screen bear the short name of their class."""
        return self._layers_of_fields.show_labels

    @show_labels.setter
    def show_labels(self, wanted: bool) -> None:
        self._layers_of_fields.show_labels = wanted

    def detections(self) -> tuple[Detections, ...]:
        """Return the cells of every field, as they are on screen."""
        return tuple(f.cells.current(self.score_threshold) for f in self.fields)

    def differential(self) -> Differential:
        """Return the one differential of all fields."""
        return pooled_differential(self.detections(), ICSH, self.tissue)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how the cells were found and are shown."""
        said = []
        for f in self.fields:
            origin = f.cells.cells.provenance
            if f.image is not None and colours_guessed(f.image):
                said.append(f"{f.name}: planes taken for red, green and blue; axis_labels of the layer say otherwise.")
            if origin.pixel_size_source == "estimated":
                said.append(f"{f.name}: pixel size estimated from the red cells, {origin.pixel_size_um:.3g} µm.")
            if f.drawing is not None and isinstance(f.drawing.layer, Points):
                said.append(f"{f.name}: more than {BOXES_AT_MOST:,} cells, shown as points instead of boxes.")
        return tuple(said)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo and not self.locked

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return self._history.can_redo and not self.locked

    def field_for(self, source: Image | Path) -> Field | None:
        """Return the field of a layer or file, or None where it was not analysed yet."""
        return next((f for f in self.fields if source in (f.image, f.path)), None)

    def put(self, f: Field, cells: ReviewedBoxes) -> None:
        """Give a field its cells, as a run finds them."""
        if f not in self.fields:
            self.fields.append(f)
        f.cells = cells
        self._layers_of_fields.draw(f, self.score_threshold, patient=True)
        self.changed.emit()

    def show_field(self, f: Field, image: Image) -> None:
        """Show a field of a folder, in place of the one that was shown before."""
        shown = [g for g in self.fields if g.path is not None and not g.hidden]
        self._layers_of_fields.show_field(f, image, shown)
        self._layers_of_fields.draw(f, self.score_threshold)
        self.changed.emit()

    def choose_score(self, score_threshold: float) -> None:
        """Show the cells of at least this score; what a person touched stays as it is."""
        self.score_threshold = score_threshold
        self._draw()

    def choose_tissue(self, tissue: Tissue) -> None:
        """Count as marrow or as blood."""
        self.tissue = tissue
        self.changed.emit()

    def lock(self, locked: bool) -> None:
        """Forbid or allow edits."""
        self.locked = locked
        self.changed.emit()

    def classify(self, name: str) -> None:
        """Give the selected cells a class; boxes drawn from now on get it too."""
        self.next_class = name
        chosen = [f for f in self.fields if f.selected and not self.locked]
        if chosen:
            self.remember()
        for f in chosen:
            rows = np.array(f.selected, dtype=np.int64)
            self._replace(f, f.cells.with_classes(rows, [name] * len(rows)))
        for f in self.fields:
            if f.drawing is not None:
                f.drawing.expect(name)
        self.changed.emit()

    def press(self, key: str) -> None:
        """Give the selected cells the class of a key."""
        name = class_of_key(key, ICSH.classes)
        if name is not None:
            self.classify(name)

    def hover(self, text: str) -> None:
        """Tell which cell is under the mouse."""
        self.hovered.emit(text)

    def clear(self) -> None:
        """Forget all cells, to count anew."""
        self.remember()
        self._restore(())

    def remember(self) -> None:
        """Make the present state one that undo returns to."""
        self._history.remember(self._state())

    def undo(self) -> None:
        """Take the last correction, or the last run, back."""
        if self.can_undo:
            self._restore(self._history.back(self._state()))

    def redo(self) -> None:
        """Do again what was undone."""
        if self.can_redo:
            self._restore(self._history.forth(self._state()))

    def _state(self) -> State:
        return tuple((f, f.cells) for f in self.fields)

    def _restore(self, state: State) -> None:
        fields = [f for f, _ in state]
        for f in self.fields:
            if f not in fields:
                self._layers_of_fields.put_away(f)
        self.fields = fields
        for f, cells in state:
            f.cells = cells
        self._draw()

    def _replace(self, f: Field, cells: ReviewedBoxes) -> None:
        f.cells = cells
        self._layers_of_fields.draw(f, self.score_threshold)
        self.changed.emit()

    def _draw(self) -> None:
        for f in self.fields:
            self._layers_of_fields.draw(f, self.score_threshold)
        self.changed.emit()

    def _on_added(self, f: Field) -> None:
        if f.drawing is not None:
            f.drawing.expect(self.next_class)
            gestures.bind(f.drawing.layer, self)
        self.changed.emit()  # whether cells are shown as points is known only now

    def _on_edited(self, layer: Layer) -> None:
        """Read what a person did to a layer."""
        f = next((f for f in self.fields if f.drawing is not None and f.drawing.layer is layer), None)
        if f is None or f.drawing is None or f.drawing.busy:
            return
        if self.locked:
            self._layers_of_fields.draw(f, self.score_threshold)
            return
        cells, rows = f.cells.apply_edit(f.drawing.shown, f.drawing.read())
        if cells is not f.cells:
            self.remember()
            f.drawing.number(cells.cells, rows)
            self._replace(f, cells)

    def _on_removed(self, layer: Layer) -> None:
        """Drop a field whose cells a person removed; without its image, a field lives on."""
        for f in list(self.fields):
            if f.drawing is not None and f.drawing.layer is layer:
                self.remember()
                f.drawing = None
                self._layers_of_fields.put_away(f)
                self.fields.remove(f)
                self.layer_lost.emit(f)
            elif f.image is layer:
                f.image = None
                self.layer_lost.emit(f)
        self.changed.emit()
