"""The results of one viewer: cells and layers are kept equal, whichever of the two changes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.gui import gestures
from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.corrected import CorrectedResults
from napari_hemalens.gui.detect.display import BoxFilter, SmallCells
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.field_layers import FieldLayers
from napari_hemalens.gui.detect.image_keys import ImageKeys
from napari_hemalens.gui.detect.notes import notes_on
from napari_hemalens.gui.detect.review_queue import ReviewQueue, Waiting
from napari_hemalens.gui.detect.undoing import BoxHistory, Past, State
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.differential import Differential, Tissue, UnsureCells
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.signing import sign_boxes
from napari_hemalens.workflows.images import Frame


class Results(CorrectedResults):
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
    layers : FieldLayers
        Where they are shown.
    """

    layer_lost = Signal(object)  # a Field whose layer or image a person removed
    opened = Signal(object)  # a Field of a folder that is to be shown
    hovered = Signal(str)

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        self._history = BoxHistory()
        super().__init__(self._history)
        self.fields: list[Field] = []
        self.score_threshold = 0.5
        self.tissue: Tissue = "marrow"
        self.tissue_prior = True
        self.unsure: UnsureCells = "apart"
        self.next_class = UNCLASSIFIABLE
        self._queue = ReviewQueue()
        self.layers = FieldLayers(viewer, run_idle, lambda: self.fields)
        self._keys = ImageKeys(viewer, self)
        self.changed.connect(self._bind_images)
        self.layers.added.connect(self._on_added)
        self.layers.drawn.connect(self._on_drawn)
        self._told: tuple[str, ...] = ()
        self.layers.edited.connect(self._on_edited)
        self.layers.removed.connect(self._on_removed)

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
        unsure = self.waiting.unsure if self.unsure == "counted" else 0
        return notes_on(self.fields, self.display.words, unsure)

    def field_for(self, source: Image | Path, frame: Frame | None = None) -> Field | None:
        """Return the field of a layer or file, and of that frame, or None where it was not analysed yet."""
        of_source = (f for f in self.fields if source in (f.image, f.path))
        return next((f for f in of_source if frame is None or f.frame == frame), None)

    def put(self, f: Field, cells: ReviewedBoxes) -> None:
        """Give a field its cells, as a run finds them."""
        if f not in self.fields:
            self.fields.append(f)
        f.cells = cells.with_tissue(self._odds_of)  # a person may have chosen another one since the run began
        self.layers.draw(f, self.score_threshold, patient=True)
        self.changed.emit()

    def show_field(self, f: Field, image: Image) -> None:
        """Show a field of a folder, in place of the one that was shown before."""
        self.layers.show_field(f, image)
        self.layers.draw(f, self.score_threshold)
        self.changed.emit()

    def choose_score(self, score_threshold: float) -> None:
        """Show the cells of at least this score; what a person touched stays as it is."""
        self.score_threshold = score_threshold
        self._draw()

    def choose_odds(self, tissue: Tissue | None = None, *, prior: bool | None = None) -> None:
        """Count as marrow or as blood, and let that shift the odds of the classes, or not; by default as before.

        Cells that nobody corrected get the classes that are likeliest there. Both at once are one step to be undone.
        """
        tissue, prior = tissue or self.tissue, self.tissue_prior if prior is None else prior
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
        self.layers.display = self._queue.display = display
        self._draw()

    @property
    def display(self) -> BoxFilter:
        """Which cells are drawn."""
        return self._queue.display

    @property
    def small_cells(self) -> SmallCells:
        """How red cells and platelets are drawn."""
        return self.layers.small_cells

    def choose_small_cells(self, small_cells: SmallCells) -> None:
        """Draw red cells and platelets as points where there are many cells, or always, or never."""
        self.layers.small_cells = small_cells
        self._draw()

    def choose_unsure(self, unsure: UnsureCells) -> None:
        """Count unsure cells apart, or under their likeliest class."""
        self.unsure = unsure
        self.changed.emit()

    @property
    def _odds_of(self) -> Tissue | None:
        return self.tissue if self.tissue_prior else None

    def classify(self, name: str) -> None:
        """Give the selected cells a class; boxes drawn from now on get it too."""
        self.next_class = name
        self._name_selected(name)
        for each in (each for f in self.fields for each in f.drawings):
            each.expect(name)
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
        self.layers.look_at(f, row)

    def replace_cells(self, cells: Sequence[ReviewedBoxes]) -> None:
        """Give the fields, in their order, the cells that a person made of theirs, in one step."""
        changed = [(f, each) for f, each in zip(self.fields, cells, strict=True) if each is not f.cells]
        if self.locked or not changed:
            return
        self.remember()
        for f, each in changed:
            f.cells = sign_boxes(f.cells, each, OBSERVER.name)
        self._draw(f for f, _ in changed)

    def _name_selected(self, name: str | None) -> None:
        """Give the selected cells that are on screen a class, or (None) let theirs stand."""
        self.replace_cells([f.named(name) if self.layers.frames.shows(f.framed) else f.cells for f in self.fields])

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
                self.layers.put_away(f)
        self.fields = [*fields, *others]
        self._history.begin_with(fields, past, others)
        for f in fields:
            self.layers.begin(f, self.score_threshold)
        self._draw()

    @property
    def past(self) -> tuple[Past, ...]:
        """The states that undo returns to, back to where there were other fields."""
        return self._history.past_of(self.fields)

    def let_go(self) -> None:
        """Put all cells away, beyond what undo brings back."""
        self._history.begin()
        self._restore((self.tissue, self.tissue_prior, ()))

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
                self.layers.put_away(f)
        self.fields = fields
        for f, cells in cells_of_fields:
            f.cells = cells
        self._draw()

    def _draw(self, fields: Iterable[Field] | None = None) -> None:
        for f in self.fields if fields is None else fields:
            self.layers.draw(f, self.score_threshold)
        self.changed.emit()

    def _on_added(self, f: Field, drawing: Drawing) -> None:
        drawing.expect(self.next_class)
        gestures.bind(drawing.layer, self, lambda: f.layers)

    def _on_drawn(self, f: Field) -> None:
        """Tell whether cells are shown as points, which is known only now."""
        del f
        if self._told != self.notes:
            self._told = self.notes
            self.changed.emit()

    def _drawing_of(self, layer: Layer) -> tuple[Field, Drawing] | None:
        """Return whose cells a layer shows, and how."""
        return next(((f, each) for f in self.fields for each in f.drawings if each.layer is layer), None)

    def _on_edited(self, layer: Layer) -> None:
        """Read what a person did to a layer."""
        found = self._drawing_of(layer)
        if found is None or found[1].busy:
            return
        f, drawing = found
        if self.locked:
            self.layers.draw(f, self.score_threshold)
            return
        cells, rows = f.cells.apply_edit(drawing.shown, drawing.read())
        if cells is not f.cells:
            self.remember()
            drawing.number(cells.cells, rows)
            f.cells = sign_boxes(f.cells, cells, OBSERVER.name)
            self._draw([f])

    def _bind_images(self) -> None:
        self._keys.follow(f.image for f in self.fields if f.image is not None)

    def _on_removed(self, layer: Layer) -> None:
        """Drop a field whose cells a person removed, or its small ones; without its image, a field lives on."""
        for f in list(self.fields):
            if f.small is not None and f.small.layer is layer and not self.locked:
                self.remember()
                f.cells = sign_boxes(f.cells, f.cells.without(f.small.shown.rows), OBSERVER.name)
                f.small = None
                self._draw([f])
            elif layer in f.layers:
                self.remember()
                self.layers.put_away(f)
                self.fields.remove(f)
                self.layer_lost.emit(f)
            elif f.image is layer:
                f.image = None
                self.layer_lost.emit(f)
        self._history.let_go(layer)
        self.changed.emit()
