"""Fields and the layers of their cells are kept equal, whichever of the two changes; every change can be undone."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.gui.corrected import CorrectedResults
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.field_layers import FieldLayers
from napari_hemalens.gui.detect.undoing import BoxHistory, Past, State
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Tissue
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.signing import sign_boxes
from napari_hemalens.workflows.images import Frame


class EditedFields(CorrectedResults):
    """Fields with their cells and layers.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layers are.
    run_idle : RunIdle
        Draws between the events of the window.

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
    layers : FieldLayers
        Where the cells are shown.
    """

    layer_lost = Signal(object)  # a Field whose layer or image a person removed

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        self._history = BoxHistory()
        self._found_in: Field | None = None  # which field the run that goes on has found cells in last
        super().__init__(self._history)
        self.fields: list[Field] = []
        self._awaited: Sequence[Field] = ()  # that the run that goes on is about
        self.score_threshold = 0.5
        self.tissue: Tissue = "marrow"
        self.tissue_prior = True
        self.layers = FieldLayers(viewer, run_idle, lambda: self.fields)
        self.layers.edited.connect(self._on_edited)
        self.layers.removed.connect(self._on_removed)

    def detections(self) -> tuple[Detections, ...]:
        """Return the cells of every field, as they are on screen."""
        return tuple(f.renamed(f.cells.current(self.score_threshold)) for f in self.fields)

    def field_for(self, source: Image | Path, frame: Frame | None = None) -> Field | None:
        """Return the field of a layer or file, and of that frame, or None where it was not analysed yet."""
        of_source = (f for f in self.fields if source in (f.image, f.path))
        return next((f for f in of_source if frame is None or f.frame == frame), None)

    def put(self, f: Field, cells: ReviewedBoxes) -> None:
        """Give a field its cells, as a run finds them."""
        if f not in self.fields:
            self.fields.append(f)
        if f is not self._found_in:
            self._found_in = f
            self.layers.uncover(f)
        f.cells = cells.with_tissue(self._odds_of)  # a person may have chosen another one since the run began
        self.layers.draw(f, self.score_threshold, patient=True)
        self.changed.emit()

    def await_cells(self, fields: Sequence[Field]) -> None:
        """Tell of images that are removed before a run has found cells in them, and follow their names."""
        self._awaited = fields
        self._listen(fields)

    def lock(self, locked: bool) -> None:
        """Forbid or allow corrections, as a run begins or ends."""
        self._found_in = None
        if not locked:
            self._awaited = ()
        super().lock(locked)

    def show_field(self, f: Field, image: Image) -> None:
        """Show a field of a folder, in place of the one that was shown before."""
        self.layers.show_field(f, image)
        self.layers.draw(f, self.score_threshold)
        self.changed.emit()

    def _listen(self, fields: Iterable[Field]) -> None:
        for f in fields:
            if f.image is not None and f.path is None:
                f.image.events.name.connect(self._on_renamed)

    def _on_renamed(self, _: object = None) -> None:
        """Call images what their layers are called now, and the layers of their cells after them."""
        for f in {*self.fields, *self._awaited}:
            before = f.name
            if f.follow_name():
                self.layers.rename(f, before)
        self.changed.emit()

    @property
    def _odds_of(self) -> Tissue | None:
        return self.tissue if self.tissue_prior else None

    def show_kept(self, fields: Sequence[Field], past: Sequence[Past]) -> None:
        """Show fields that a project keeps, with what undo returns to; others stay beside them.

        Of an image that is there already the cells are those of the project.
        """
        others = [f for f in self.fields if not any(f.is_of_same_image(each) for each in fields)]
        for f in self.fields:
            if f not in others:
                self.layers.put_away(f)
        self.fields = [*fields, *others]
        self._listen(fields)
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
            f.follow_name()
        self._draw()

    def _draw(self, fields: Iterable[Field] | None = None) -> None:
        for f in self.fields if fields is None else fields:
            self.layers.draw(f, self.score_threshold)
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

    def _on_removed(self, layer: Layer) -> None:
        """Drop a field whose cells a person removed, or its small ones; without its image, a field lives on."""
        for f in [*self.fields, *(f for f in self._awaited if f not in self.fields)]:
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
