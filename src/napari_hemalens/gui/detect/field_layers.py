"""Where fields are shown: the layers of one viewer, which follow the cells and tell of a person's edits."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points, Shapes
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.gui.axes import holding_sliders
from napari_hemalens.gui.box_labels import ink_labels
from napari_hemalens.gui.box_shapes import EDGE, box_side
from napari_hemalens.gui.camera import centre_on, show_whole_unless_like
from napari_hemalens.gui.detect.box_drawing import BoxDrawing
from napari_hemalens.gui.detect.box_style import style_selection, update_label_visibility, without_labels
from napari_hemalens.gui.detect.display import BoxFilter, SmallCells, are_points, parted
from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.point_drawing import PointDrawing
from napari_hemalens.gui.frames import Framed, FramesOnScreen
from napari_hemalens.gui.grid import layers_under
from napari_hemalens.gui.layer_parts import part_by_part
from napari_hemalens.gui.layers import BOXES_AT_MOST, MARK, SMALL, cell_layer, placement_of
from napari_hemalens.gui.mesh_programs import keep_mesh_programs
from napari_hemalens.gui.pace import several_at_once
from napari_hemalens.gui.running import RunIdle
from napari_hemalens.gui.uncovering import hide_stored, lay_over, uncover

_UNFINISHED = ("adding", "removing", "changing")


def _put_down(layer: Layer) -> Iterator[None]:
    """End drawing: who has drawn one box goes on looking, and names it by a key."""
    chosen = {*layer.selected_data}
    layer.mode = "pan_zoom"
    layer.selected_data = chosen
    yield


class FieldLayers:
    """The layers of one viewer that show cells.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference: a closed viewer is not kept alive.
    run_idle : RunIdle
        How layers are drawn while the window stays alive.
    fields : callable
        Returns the fields as they are now.

    Attributes
    ----------
    edited : Signal
        A person changed the layer that emits it.
    removed : Signal
        A person removed a layer.
    added : Signal
        A field, and its new layer of cells, to be given keys and mouse.
    drawn : Signal
        A field whose layer shows its cells, all of them.
    display : BoxFilter
        Which of the cells are drawn.
    small_cells : {'many', 'boxes', 'points'}
        How red cells and platelets are drawn.
    frames : FramesOnScreen
        Shows cells over their own frame alone.
    """

    edited = Signal(object)
    removed = Signal(object)
    added = Signal(object, object)
    drawn = Signal(object)

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle, fields: Callable[[], Sequence[Field]]) -> None:
        self._viewer = weakref.ref(viewer)
        self._run_idle, self._fields = run_idle, fields
        self.frames = FramesOnScreen(viewer, lambda: [f.framed for f in fields()])
        self._rearranging = False
        self._drawn_layers: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._labels_wanted = True
        self.display = BoxFilter()
        self.small_cells: SmallCells = "many"
        self._awaited: tuple[Field, int] | None = None  # a cell to be looked at, once its field is drawn
        viewer.layers.events.removed.connect(self._on_removed)
        camera = getattr(viewer, "scene", viewer).camera  # before napari 0.9 the viewer held it
        camera.events.zoom.connect(self._update_labels)

    @property
    def show_labels(self) -> bool:
        """Whether boxes that are large enough on the screen bear the short name of their class."""
        return self._labels_wanted

    @show_labels.setter
    def show_labels(self, wanted: bool) -> None:
        self._labels_wanted = wanted
        self._update_labels()

    def _update_labels(self, _: Any = None) -> None:
        viewer = self._viewer()
        if viewer is not None:
            layers = [layer for layer in self._drawn_layers if layer in viewer.layers]
            update_label_visibility(viewer, layers, wanted=self._labels_wanted)
            for f in self._fields():
                if f.drawing is not None and f.drawing.layer in layers and isinstance(f.drawing.layer, Shapes):
                    ink_labels(f.drawing.layer, f.image)

    def draw(self, f: Field, score_threshold: float, *, patient: bool = False) -> None:
        """Let the layer of a field follow its cells, from the next turn of the event loop on.

        A `patient` call waits for what is being drawn: a run that finds cells faster than they can be drawn would
        otherwise begin anew for ever.
        """
        if f.hidden:
            return
        f.behind = True
        if not (patient and f.following):
            f.stop_drawing()
            f.following = True
            f.stop_drawing = self._run_idle(several_at_once(self._follow(f, score_threshold)))

    def begin(self, f: Field, score_threshold: float) -> None:
        """Make the layer of a field at once, so that others can refer to it; its cells follow."""
        if not f.hidden:
            rows = f.cells.visible(score_threshold) & self.display.shows(f.cells)
            large, _ = parted(f.cells, np.flatnonzero(rows))
            self.put_away(f)
            f.drawing = self._new_drawing(f, many=len(large) > BOXES_AT_MOST)
            self.draw(f, score_threshold)

    def _follow(self, f: Field, score_threshold: float) -> Iterator[None]:
        while f.behind:
            f.behind = False
            rows = np.flatnonzero(f.cells.visible(score_threshold) & self.display.shows(f.cells))
            chosen = f.shown.boxes[f.chosen]
            yield from self._follow_rows(f, rows)
            f.choose_again(chosen)
        f.following = False
        self._update_labels()
        self.drawn.emit(f)
        if self._awaited is not None and self._awaited[0] is f:
            self.look_at(*self._awaited)

    def _follow_rows(self, f: Field, rows: NDArray[np.int64]) -> Iterator[None]:
        """Let one layer show these cells, or two: red cells and platelets as points, beneath the boxes of the rest."""
        large = rows
        if are_points(self.small_cells, len(rows), already=f.small is not None):
            large, small = parted(f.cells, rows)
            if f.small is None:
                f.small = self._new_drawing(f, many=True, small=True)
                yield
            if f.small is not None:
                yield from self._draw_steps(f.small.follow(f.cells.cells, small))
        many = len(large) > BOXES_AT_MOST
        if f.drawing is None or isinstance(f.drawing.layer, Points) != many:
            self._remove(f.drawing)
            f.drawing = self._new_drawing(f, many=many)
            yield
        if f.drawing is not None:
            yield from self._draw_steps(f.drawing.follow(f.cells.cells, large))
        if large is rows:
            self._remove(f.small)
            f.small = None

    def _draw_steps(self, steps: Iterator[None]) -> Iterator[None]:
        """Take steps that change boxes; the image beneath them is not read anew for any of them."""
        while True:
            with holding_sliders(self._viewer()):
                try:
                    next(steps)
                except StopIteration:
                    return
            yield

    def show_field(self, f: Field, image: Image) -> None:
        """Show the pixels of a field of a folder; the fields shown before are put away."""
        viewer = self._viewer()
        if viewer is None:
            return
        shown = [g for g in self._fields() if g.path is not None and not g.hidden]
        before = [g.image for g in shown if g.image is not None]
        for other in shown:
            self.put_away(other)
            if other.image in viewer.layers:
                with self._rearrange():
                    viewer.layers.remove(other.image)
            other.image, other.hidden = None, True
        viewer.add_layer(image)
        show_whole_unless_like(viewer, image, before)
        f.image, f.placement, f.hidden = image, placement_of(image), False

    def uncover(self, f: Field) -> None:
        """Let the pixels of a field be seen, with its own cells alone."""
        uncover(self._viewer(), f.image)

    def shows(self, f: Field, event: Any) -> bool:
        """Return whether a field, its image or its cells, is shown where the mouse of an event is."""
        viewer = self._viewer()
        under = () if viewer is None else layers_under(viewer, event)
        return f.image in under or any(layer in under for layer in f.layers)

    def look_at(self, f: Field, row: int) -> None:
        """Select one cell of a field, in the middle of the canvas; of one that is still being drawn, once it is.

        The sliders move to its frame.
        """
        self.frames.go_to(f.framed)
        self.uncover(f)
        viewer = self._viewer()
        self._awaited = (f, row) if f.following else None
        if viewer is None or f.following or f.drawing is None:
            return
        shown = f.shown
        for place in np.flatnonzero(shown.rows == row):
            layer = next(each.layer for each in reversed(f.drawings) if place >= f.first_of(each))
            layer.visible = True
            hide_stored(viewer, layer, f.image)
            viewer.layers.selection.active = layer  # whose keys count
            f.choose([int(place)])
            y0, x0, y1, x1 = shown.boxes[place].astype(float)
            middle = np.array([y0 + y1, x0 + x1]) / 2 - EDGE
            # What the border of the image leaves of a cell would fill the canvas otherwise.
            centre_on(viewer, layer, middle, max(y1 - y0, x1 - x0, box_side(shown.boxes)))

    def rename(self, f: Field, before: str) -> None:
        """Let the layers of a field go by its name, unless a person has given them one of their own."""
        for layer in f.layers:
            layer.metadata[MARK] = f.header
            if not f.is_file and layer.name.startswith(f"{before} "):
                layer.name = f.name + layer.name.removeprefix(before)

    def put_away(self, f: Field) -> None:
        """Remove the layers of the cells of a field."""
        f.stop_drawing()
        f.following = False
        for each in f.drawings:
            self._remove(each)
        f.drawing = f.small = None

    def _remove(self, drawing: Drawing | None) -> None:
        """Remove a layer of cells, if there is one."""
        viewer = self._viewer()
        if viewer is not None and drawing is not None and drawing.layer in viewer.layers:
            with self._rearrange(), holding_sliders(viewer):
                viewer.layers.remove(drawing.layer)

    def _new_drawing(self, f: Field, *, many: bool, small: bool = False) -> Drawing | None:
        viewer = self._viewer()
        if viewer is None:
            return None
        layer = Layer.create(*cell_layer(f.header, f.place, many=many))
        drawing = PointDrawing(layer) if many else BoxDrawing(layer)
        keep_mesh_programs()
        if small:
            layer.name, layer.metadata[SMALL] = f"{layer.name.removesuffix('cells')}small cells", True
            _put_beneath(viewer, layer, None if f.drawing is None else f.drawing.layer)
        else:
            viewer.add_layer(layer)
        self._run_idle(part_by_part(viewer, layer))
        layer.events.data.connect(self._on_edit)
        layer.events.features.connect(self._on_edit)
        lay_over(viewer, layer, f.image)
        hide_stored(viewer, layer, f.image)
        style_selection(layer)
        without_labels(layer)
        self._drawn_layers.add(layer)
        self.added.emit(f, drawing)
        self.frames.follow(Framed((layer,), f.image, f.frame))
        return drawing

    def _on_edit(self, event: Any) -> None:
        action = str(getattr(event, "action", ""))
        if action not in _UNFINISHED:
            self.edited.emit(event.source)
        if action == "added" and str(event.source.mode).startswith("add"):
            self._run_idle(_put_down(event.source))  # napari has still to finish the box

    def _on_removed(self, event: Any) -> None:
        if not self._rearranging:
            self.removed.emit(event.value)

    @contextmanager
    def _rearrange(self) -> Iterator[None]:
        """Tell layers that we remove from those that a person removes."""
        self._rearranging = True
        try:
            yield
        finally:
            self._rearranging = False


def _put_beneath(viewer: ViewerModel, layer: Layer, boxes: Layer | None) -> None:
    """Add points beneath the boxes of the other cells, whose keys and tools stay at hand."""
    active = viewer.layers.selection.active
    viewer.layers.insert(viewer.layers.index(boxes) if boxes in viewer.layers else len(viewer.layers), layer)
    viewer.layers.selection.active = active or layer
