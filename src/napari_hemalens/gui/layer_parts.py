"""The first picture of a new layer of napari, part by part.

A layer is drawn by several programs: its shapes, what marks a selection, its text. vispy puts each together when it is
first drawn, which takes it some 50 ms for each, and would do so for all in one picture; with the first text of a window
it draws letters of a font, 200 ms of them, though there be no text to show.
"""

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer


def part_by_part(viewer: ViewerModel, layer: Layer) -> Iterator[None]:
    """Hide all but the first part of a layer that has just been added; each step lets one more be drawn.

    The text is drawn once something is done to it. Of a viewer without a window there is nothing to be done.
    """
    node = _node(viewer, layer)
    text = getattr(node, "text", None)
    hidden = [part for part in getattr(node, "_subvisuals", ())[1:] if part.visible]
    for part in hidden:
        part.visible = False
    if text in hidden:
        hidden.remove(text)
        _show_when_told(layer, weakref.ref(text))
    return _show(hidden)


def _show(hidden: Sequence[Any]) -> Iterator[None]:
    for part in hidden:
        yield
        part.visible = True


def _show_when_told(layer: Any, text: "weakref.ref[Any]") -> None:
    """Show the text of a layer as soon as anybody gives it one, or other looks."""

    def show(_: Any = None) -> None:
        part = text()
        if part is not None:
            part.visible = True

    layer.text.events.connect(show)


def _node(viewer: ViewerModel, layer: Layer) -> Any:
    """Return what vispy draws a layer with; None where napari keeps that in another place."""
    place: Any = getattr(viewer, "__wrapped__", viewer)
    for name in ("window", "_qt_viewer", "canvas", "layer_to_visual"):
        place = getattr(place, name, None)
    return getattr(place.get(layer), "node", None) if place else None
