"""The results of one viewer: what is counted and drawn of them, the classes that a person gives, the review."""

from collections.abc import Sequence

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.gui import gestures
from napari_hemalens.gui.classes import class_of_key
from napari_hemalens.gui.detect.display import BoxFilter, SmallCells
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.edited_fields import EditedFields
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.image_keys import ImageKeys
from napari_hemalens.gui.detect.notes import notes_on
from napari_hemalens.gui.detect.review_queue import ReviewQueue, Waiting
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.records.detections import pooled_differential
from napari_hemalens.records.differential import Differential, Tissue, UnsureCells
from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.signing import sign_boxes


class Results(EditedFields):
    """Fields with their counts, and what a person does to their cells by buttons and keys.

    Attributes
    ----------
    unsure : {'apart', 'counted'}
        How cells are counted that are unlike all that the classifier learned from.
    next_class : str
        The class of the next box that a person draws.
    """

    opened = Signal(object)  # a Field of a folder that is to be shown
    hovered = Signal(str)

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        super().__init__(viewer, run_idle)
        self.unsure: UnsureCells = "apart"
        self.next_class = UNCLASSIFIABLE
        self._queue = ReviewQueue()
        self._keys = ImageKeys(viewer, self)
        self.changed.connect(self._bind_images)
        self.layers.added.connect(self._on_added)
        self.layers.drawn.connect(self._on_drawn)
        self._told: tuple[str, ...] = ()

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

    def classify(self, name: str) -> None:
        """Give the selected cells a class; boxes drawn from now on get it too."""
        self.next_class = name
        for each in (each for f in self.fields for each in f.drawings):
            each.expect(name)
        if not self._name_selected(name):
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

    def uncover(self, f: Field) -> None:
        """Let the pixels of a field be seen, with its own cells alone; the sliders move to its frame."""
        self.layers.frames.go_to(f.framed)
        self.layers.uncover(f)
        self.changed.emit()

    def look_at(self, f: Field, row: int) -> None:
        """Select a cell in the middle of the canvas; a field of a folder is opened, a frame moved to."""
        if f.hidden:
            self.opened.emit(f)
        self.layers.look_at(f, row)
        self.changed.emit()

    def replace_cells(self, cells: Sequence[ReviewedBoxes]) -> bool:
        """Give the fields, in their order, the cells that a person made of theirs, in one step; return whether any."""
        changed = [(f, each) for f, each in zip(self.fields, cells, strict=True) if each is not f.cells]
        if self.locked or not changed:
            return False
        self.remember()
        for f, each in changed:
            f.cells = sign_boxes(f.cells, each, OBSERVER.name)
        self._draw(f for f, _ in changed)
        return True

    def _name_selected(self, name: str | None) -> bool:
        """Give the selected cells that are on screen a class, or (None) let theirs stand; return whether any."""
        shows = self.layers.frames.shows
        return self.replace_cells([f.named(name) if shows(f.framed) else f.cells for f in self.fields])

    def hover(self, text: str) -> None:
        """Tell which cell is under the mouse."""
        self.hovered.emit(text)

    def _on_added(self, f: Field, drawing: Drawing) -> None:
        drawing.expect(self.next_class)
        gestures.bind(drawing.layer, self, lambda: f.layers, lambda event: self.layers.shows(f, event))

    def _on_drawn(self, f: Field) -> None:
        """Tell whether cells are shown as points, which is known only now."""
        del f
        if self._told != self.notes:
            self._told = self.notes
            self.changed.emit()

    def _bind_images(self) -> None:
        self._keys.follow(f.image for f in self.fields if f.image is not None)
