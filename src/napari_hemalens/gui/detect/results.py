"""The results of one viewer: cells and layers are kept equal, whichever of the two changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points
from psygnal import Signal

from napari_hemalens.gui import gestures
from napari_hemalens.gui.axes import colours_guessed
from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.detect.field_layers import Field, FieldLayers
from napari_hemalens.gui.detect.frames import FramesOnScreen
from napari_hemalens.gui.detect.image_keys import ImageKeys
from napari_hemalens.gui.detect.review_queue import ReviewQueue, Waiting
from napari_hemalens.gui.layers import BOXES_AT_MOST
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.differential import Differential, Tissue, UnsureCells
from napari_hemalens.records.notes import listed
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.history import History
from napari_hemalens.workflows.images import Frame

State: TypeAlias = tuple[Tissue, bool, tuple[tuple[Field, ReviewedBoxes], ...]]
"""What undo returns to: tissue, whether it shifts the odds, and the cells of each field."""

Past: TypeAlias = tuple[Tissue, bool, tuple[ReviewedBoxes, ...]]
"""The same of fields that are known."""


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
    tissue_prior : bool
        Whether it shifts the odds of the classes.
    unsure : {'apart', 'counted'}
        How cells are counted that are unlike all that the classifier learned from.
    next_class : str
        The class of the next box that a person draws.
    locked : bool
        Whether a run goes on: what it finds is shown, and not to be edited yet.
    """

    changed = Signal()
    drawn = Signal(object)  # a Field whose layer shows all of its cells
    layer_lost = Signal(object)  # a Field whose layer or image a person removed
    opened = Signal(object)  # a Field of a folder that is to be shown
    hovered = Signal(str)

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        self.fields: list[Field] = []
        self.score_threshold = 0.5
        self.tissue: Tissue = "marrow"
        self.tissue_prior = True
        self.unsure: UnsureCells = "apart"
        self.next_class = UNCLASSIFIABLE
        self.locked = False
        self._history: History[State] = History()
        self._queue = ReviewQueue()
        self._layers_of_fields = FieldLayers(viewer, run_idle)
        self._frames = FramesOnScreen(viewer, lambda: self.fields)
        self._keys = ImageKeys(viewer, self)
        self.changed.connect(self._bind_images)
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
        return pooled_differential(self.detections(), ICSH, self.tissue, self.unsure)

    @property
    def waiting(self) -> Waiting:
        """How many cells are left that nobody has named."""
        return self._queue.waiting(self.fields, self.score_threshold)

    @property
    def status(self) -> str:
        """Which cell the review has come to, in words."""
        return self._queue.status(self.fields)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how the cells were found and are shown."""
        framed = [f.name for f in self.fields if f.cells.cells.provenance.frame]
        said = [f"Counted: {listed(framed)}."] if framed else []
        for f in self.fields:
            origin = f.cells.cells.provenance
            if f.image is not None and colours_guessed(f.image):
                said.append(f"{f.name}: planes taken for red, green and blue; axis_labels of the layer say otherwise.")
            if origin.pixel_size_source == "estimated":
                said.append(f"{f.name}: pixel size estimated from the red cells, {origin.pixel_size_um:.3g} µm.")
            if f.drawing is not None and isinstance(f.drawing.layer, Points):
                said.append(f"{f.name}: more than {BOXES_AT_MOST:,} cells, shown as points instead of boxes.")
        said += [words] if (words := self.display.words) else []
        unsure = self.waiting.unsure if self.unsure == "counted" else 0
        if unsure:
            said.append(f"{unsure:,} unsure cells are counted under their likeliest class.")
        return tuple(said)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo and not self.locked

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return self._history.can_redo and not self.locked

    def field_for(self, source: Image | Path, frame: Frame | None = None) -> Field | None:
        """Return the field of a layer or file, and of that frame, or None where it was not analysed yet."""
        of_source = (f for f in self.fields if source in (f.image, f.path))
        return next((f for f in of_source if frame is None or f.frame == frame), None)

    def put(self, f: Field, cells: ReviewedBoxes) -> None:
        """Give a field its cells, as a run finds them."""
        if f not in self.fields:
            self.fields.append(f)
        f.cells = cells.with_tissue(self._odds_of)  # a person may have chosen another one since the run began
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
        """Count as marrow or as blood; cells that nobody corrected get the classes that are likeliest there."""
        self.choose_odds(tissue, prior=self.tissue_prior)

    def choose_tissue_prior(self, wanted: bool) -> None:
        """Let the tissue shift the odds of the classes, or not."""
        self.choose_odds(self.tissue, prior=wanted)

    def choose_odds(self, tissue: Tissue, *, prior: bool) -> None:
        """Choose both at once, which is one step to be undone."""
        if (tissue, prior) == (self.tissue, self.tissue_prior):
            return
        if self.fields and not self.locked:
            self.remember()
        self.tissue, self.tissue_prior = tissue, prior
        for f in self.fields:
            f.cells = f.cells.with_tissue(self._odds_of)
        self._draw()

    def choose_display(self, display: BoxFilter) -> None:
        """Draw some of the cells alone, and review no others; all are counted."""
        self._layers_of_fields.display = self._queue.display = display
        self._draw()

    @property
    def display(self) -> BoxFilter:
        """Which cells are drawn."""
        return self._queue.display

    def choose_unsure(self, unsure: UnsureCells) -> None:
        """Count unsure cells apart, or under their likeliest class."""
        self.unsure = unsure
        self.changed.emit()

    @property
    def _odds_of(self) -> Tissue | None:
        return self.tissue if self.tissue_prior else None

    def lock(self, locked: bool) -> None:
        """Forbid or allow edits."""
        self.locked = locked
        self.changed.emit()

    def classify(self, name: str) -> None:
        """Give the selected cells a class; boxes drawn from now on get it too."""
        self.next_class = name
        self._name_selected(name)
        for f in self.fields:
            if f.drawing is not None:
                f.drawing.expect(name)
        self.changed.emit()

    def press(self, key: str) -> None:
        """Give the selected cells the class of a key."""
        name = class_of_key(key, ICSH.classes)
        if name is not None:
            self.classify(name)

    def accept(self) -> None:
        """Confirm the classes of the selected cells."""
        self._name_selected(None)

    def look_at_next(self) -> None:
        """Select the next cell that nobody has named, unsure ones first, in the middle of the canvas."""
        found = None if self.locked else self._queue.advance(self.fields, self.score_threshold)
        if found is not None:
            self.look_at(*found)
            self.changed.emit()

    def look_at(self, f: Field, row: int) -> None:
        """Select a cell in the middle of the canvas; a field of a folder is opened, a frame moved to."""
        if f.hidden:
            self.opened.emit(f)
        self._frames.go_to(f)
        self._layers_of_fields.look_at(f, row)

    def replace_cells(self, cells: Sequence[ReviewedBoxes]) -> None:
        """Give the fields, in their order, the cells that a person made of theirs, in one step."""
        changed = [(f, each) for f, each in zip(self.fields, cells, strict=True) if each is not f.cells]
        if self.locked or not changed:
            return
        self.remember()
        for f, each in changed:
            f.cells = each
            self._layers_of_fields.draw(f, self.score_threshold)
        self.changed.emit()

    def _name_selected(self, name: str | None) -> None:
        """Give the selected cells that are on screen a class, or (None) let theirs stand."""
        cells = [f.cells for f in self.fields]
        for index, f in enumerate(self.fields):
            if f.selected and self._frames.shows(f):
                rows = np.array(f.selected, dtype=np.int64)
                names = f.cells.cells.class_names[rows] if name is None else [name] * len(rows)
                cells[index] = f.cells.with_classes(rows, names)
        self.replace_cells(cells)

    def hover(self, text: str) -> None:
        """Tell which cell is under the mouse."""
        self.hovered.emit(text)

    def show_kept(self, fields: Sequence[Field], past: Sequence[Past]) -> None:
        """Show fields that a project keeps, with what undo returns to; others stay beside them.

        Of an image that is there already the cells are those of the project.
        """
        others = [f for f in self.fields if not any(f.is_of_same_image(each) for each in fields)]
        for f in self.fields:
            if f not in others:
                self._layers_of_fields.put_away(f)
        beside = tuple((f, f.cells) for f in others)
        self.fields = [*fields, *others]
        states = ((tissue, prior, (*zip(fields, cells, strict=True), *beside)) for tissue, prior, cells in past)
        self._history.begin(states)
        for f in fields:
            self._layers_of_fields.begin(f, self.score_threshold)
        self._draw()

    def past_of(self, fields: Sequence[Field]) -> tuple[Past, ...]:
        """Return the states that undo returns to, back to where there were other fields."""
        found: list[Past] = []
        for tissue, prior, cells in reversed(self._history.past):
            if [f for f, _ in cells] != [*fields]:
                break
            found.append((tissue, prior, tuple(each for _, each in cells)))
        return tuple(reversed(found))

    def let_go(self) -> None:
        """Put all cells away, beyond what undo brings back."""
        self._restore((self.tissue, self.tissue_prior, ()))
        self._history.begin()
        self.changed.emit()

    def clear(self) -> None:
        """Forget all cells, to count anew."""
        self.remember()
        self._restore((self.tissue, self.tissue_prior, ()))

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
        return self.tissue, self.tissue_prior, tuple((f, f.cells) for f in self.fields)

    def _restore(self, state: State) -> None:
        self.tissue, self.tissue_prior, cells_of_fields = state
        fields = [f for f, _ in cells_of_fields]
        for f in self.fields:
            if f not in fields:
                self._layers_of_fields.put_away(f)
        self.fields = fields
        for f, cells in cells_of_fields:
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
            self._frames.follow(f)
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

    def _bind_images(self) -> None:
        self._keys.follow(f.image for f in self.fields if f.image is not None)

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
