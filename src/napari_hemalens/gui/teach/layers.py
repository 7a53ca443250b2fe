"""The cells that are taught, as circles over their images: coloured by class, the one that is shown in white."""

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points
from numpy.typing import NDArray

from napari_hemalens.gui.box_shapes import points
from napari_hemalens.gui.camera import centre_on
from napari_hemalens.gui.frames import Framed, FramesOnScreen
from napari_hemalens.gui.gestures import STILL, cell_at
from napari_hemalens.gui.layers import placement_of
from napari_hemalens.gui.uncovering import image_under, lay_over, uncover
from napari_hemalens.workflows.images import Frame
from napari_hemalens.workflows.teaching import TeachingSession

_AROUND = 1.35  # diameter of a circle, in mean sides of the box: its line lies around the cell, not on it
_NOBODY = (0.6, 0.6, 0.6, 0.5)  # colour of a cell that nothing is known of
_SHOWN = (1.0, 1.0, 1.0, 1.0)
_GUESSED, _SAID, _THICK = 0.02, 0.045, 0.055  # width of a line, as a share of the diameter


class TaughtLayers:
    """A layer of circles for each image of the pool that is open.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    on_pick : callable
        Told the row of a cell that is clicked.
    """

    def __init__(self, viewer: ViewerModel, on_pick: Callable[[int], None]) -> None:
        self._viewer, self._on_pick = weakref.ref(viewer), on_pick
        self._rows: dict[Points, NDArray[np.int64]] = {}
        self._framed: dict[Points, Framed] = {}
        self._on_screen = FramesOnScreen(viewer, lambda: [self._framed[layer] for layer in self])

    def __iter__(self) -> Iterator[Points]:
        viewer = self._viewer()
        return iter(()) if viewer is None else (layer for layer in [*self._rows] if layer in viewer.layers)

    def begin(self, taught: TeachingSession, images: Mapping[str, Image], frames: Mapping[Image, Frame]) -> None:
        """Show the cells of a pool in place of those before.

        Parameters
        ----------
        taught : TeachingSession
            The pool.
        images : mapping of str to Image
            Layers that they were read from, by name.
        frames : mapping of Image to Frame
            Which frame of a layer, as far as it is known: over others, its circles are not seen.
        """
        self.clear()
        viewer = self._viewer()
        if viewer is None:
            return
        cells = taught.embedded.cells
        for index, image in enumerate(cells.images):
            over = layer_of(viewer, image.name, images)
            rows = np.flatnonzero(cells.image_index == index)
            if over is None or not len(rows) or cells.sources[rows[0]] in {"image", "crop"}:
                continue
            boxes = cells.boxes[rows]
            layer = Points(
                points(boxes),
                name=f"{over.name} taught",
                size=_AROUND * (boxes[:, 2:] - boxes[:, :2]).mean(axis=1),
                face_color="transparent",
                border_width=_GUESSED,
                border_color=np.tile(np.array(_NOBODY, np.float32), (len(rows), 1)),
                ndim=2,
                **placement_of(over),
            )
            layer.symbol[:] = "disc"  # as words: napari makes words of its own symbols, one by one, at every change
            layer.mouse_drag_callbacks.append(self._pick)
            layer.editable = False  # a circle that is moved or deleted would be another cell's
            self._rows[layer] = rows
            self._framed[layer] = Framed((layer,), over, frames.get(over, ()))
            lay_over(viewer, layer, over)
            viewer.add_layer(layer)
            self._on_screen.follow(self._framed[layer])
        self.colour(taught)

    def clear(self) -> None:
        """Remove the circles."""
        viewer = self._viewer()
        for layer in [*self]:
            if viewer is not None:
                viewer.layers.remove(layer)
        self._rows.clear()
        self._framed.clear()

    def colour(self, taught: TeachingSession) -> None:
        """Give all circles the colours of their classes: thick where a person named the cell."""
        colours, widths = looks(taught)
        for layer in self:
            rows = self._rows[layer]
            _draw_anew(layer, colours[rows], widths[rows])

    def visit(self, taught: TeachingSession) -> None:
        """Move the camera to the cell that is shown, where its circle is, and the sliders to its frame."""
        row, viewer = taught.current, self._viewer()
        for layer in self:
            at = np.flatnonzero(self._rows[layer] == row)
            if len(at) and viewer is not None:
                box = taught.embedded.cells.boxes[row]
                self._on_screen.go_to(self._framed[layer])
                uncover(viewer, image_under(layer))
                if not layer.visible:  # setting it draws the layer anew, even where nothing changes
                    layer.visible = True
                centre_on(viewer, layer, layer.data[at[0]], float((box[2:] - box[:2]).max()))

    def _pick(self, layer: Layer, event: Any) -> Iterator[None]:
        """Show the cell that is clicked, while a drag still moves the camera."""
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        cell = cell_at(layer, event) if np.abs(np.asarray(event.pos) - start).max() <= STILL else None
        if cell is not None and layer.mode == "pan_zoom":
            self._on_pick(int(self._rows[layer][cell]))


def _draw_anew(layer: Points, colours: NDArray[np.float32], widths: NDArray[np.float32]) -> None:
    """Give circles other colours (n, 4) and widths (n,), drawn once; where they are the same, nothing is drawn."""
    wider, other = not np.array_equal(layer.border_width, widths), not np.array_equal(layer.border_color, colours)
    with layer.events.blocker_all():  # colours are drawn all the same, by a signal of their own, and widths with them
        if wider:
            layer.border_width = widths
        if other:
            layer.border_color = colours
    if wider and not other:
        layer.events.border_width(value=widths)


def layer_of(viewer: ViewerModel, name: str, images: Mapping[str, Image]) -> Image | None:
    """Return the open layer of an image: the one that it was read from, else one of the same file or name."""
    found = images.get(name)
    if found is not None and found in viewer.layers:
        return found
    others = [layer for layer in viewer.layers if isinstance(layer, Image)]
    return next((layer for layer in others if name in {layer.source.path, layer.name}), None)


def looks(taught: TeachingSession) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colour (N, 4) of each circle, in 0-1, and its width (N,) as a share of the diameter."""
    palette = [(*bytes.fromhex(each.colour[1:]), 255) for each in taught.project.classes]
    table = np.array([*palette, np.array(_NOBODY) * 255], dtype=np.float32) / np.float32(255)  # -1 is the last
    labels = taught.pool.labels
    given = labels >= 0
    colours = table[np.where(given, labels, taught.predictions.classes)]
    widths = np.where(given, np.float32(_SAID), np.float32(_GUESSED))
    if taught.current is not None:
        colours[taught.current], widths[taught.current] = _SHOWN, _THICK
    return colours, widths
