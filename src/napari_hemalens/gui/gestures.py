"""Keys and mouse on a layer of cells: what napari's own tools do not offer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points

from napari_hemalens.gui.box_labels import UNSURE_MEANS, in_words
from napari_hemalens.gui.box_shapes import EDGE, boxes_of
from napari_hemalens.gui.classes import KEYS

STILL = 4
"""Screen pixels that a hand may move during a click."""


class Reviewer(Protocol):
    """Who is told what a person wants."""

    def press(self, key: str) -> None:
        """Give the selected cells the class of a key."""

    def undo(self) -> None:
        """Take the last correction back."""

    def redo(self) -> None:
        """Make it again."""

    def accept(self) -> None:
        """Confirm the classes of the selected cells."""

    def look_at_next(self) -> None:
        """Select the next cell that nobody has named."""

    def hover(self, text: str) -> None:
        """Tell of the cell under the mouse; nothing where there is none."""


Beside: TypeAlias = Callable[[], Sequence[Layer]]
"""Returns all layers of the same cells, of which one is active."""

Shows: TypeAlias = Callable[[Any], bool]
"""Returns whether the cells, or their image, are shown where the mouse of an event is."""


def everywhere(_: Any) -> bool:
    """Return that cells are shown wherever the mouse is."""
    return True


def bind(layer: Layer, reviewer: Reviewer, beside: Beside = tuple, shows: Shows = everywhere) -> None:
    """Let a layer of cells answer the keys of classes, of a review, undo and redo, clicks and the hovering mouse.

    While it is active, the cells of those `beside` it are selected and deleted as its own are.
    """
    bind_keys(layer, reviewer)
    layer.bind_key("Escape", lambda it: put_down(it, beside()), overwrite=True)
    for delete in ("Delete", "Backspace"):
        layer.bind_key(delete, lambda it: _delete({it, *beside()}), overwrite=True)
    layer.mouse_drag_callbacks.append(lambda it, event: pick(it, event, beside(), shows))
    layer.mouse_move_callbacks.append(_hovering(reviewer, beside, shows))


def bind_keys(layer: Layer | ViewerModel, reviewer: Reviewer) -> None:
    """Let a layer, or a viewer where the active layer does not, answer the keys of classes, of a review, undo and redo.

    Keys are bound to it alone: elsewhere E, B, P and G stay napari's.
    """
    for key in KEYS:
        layer.bind_key(key, _pressing(reviewer, key), overwrite=True)
    for undo in ("Control-Z", "U"):
        layer.bind_key(undo, lambda _: reviewer.undo(), overwrite=True)
    layer.bind_key("N", lambda _: reviewer.look_at_next(), overwrite=True)
    layer.bind_key("Space", _accepting(reviewer), overwrite=True)
    for redo in ("Control-Shift-Z", "Control-Y"):
        layer.bind_key(redo, lambda _: reviewer.redo(), overwrite=True)


def unbind_keys(layer: Layer | ViewerModel) -> None:
    """Give the keys of `bind_keys` back to napari."""
    for key in (*KEYS, "Control-Z", "U", "N", "Space", "Control-Shift-Z", "Control-Y"):
        layer.bind_key(key, None)


def put_down(layer: Layer, beside: Sequence[Layer] = ()) -> None:
    """End what a person does with a tool of napari's; without one, select nothing."""
    if layer.mode == "pan_zoom":
        for each in {layer, *beside}:
            _select(each, set())
    else:
        layer.mode = "pan_zoom"  # which finishes a shape that is being drawn


def pick(layer: Layer, event: Any, beside: Sequence[Layer] = (), shows: Shows = everywhere) -> Iterator[None]:
    """Select the cell that is clicked, in the layer or beside it, while a drag still moves the camera."""
    if layer.mode != "pan_zoom":
        return
    start = np.asarray(event.pos)
    yield
    while event.type == "mouse_move":
        yield
    if np.abs(np.asarray(event.pos) - start).max() > STILL:
        return
    layers = _in_order(layer, beside)
    hit = _hit(layers, event) if shows(event) else None
    for each in layers:
        clicked = {hit[1]} if hit is not None and hit[0] is each else set()
        _select(each, {*each.selected_data} ^ clicked if hit is not None and "Shift" in event.modifiers else clicked)


def _in_order(layer: Layer, beside: Sequence[Layer]) -> list[Layer]:
    return [layer, *(each for each in beside if each is not layer)]


def _select(layer: Layer, wanted: set[int]) -> None:
    if wanted or layer.selected_data:
        layer.selected_data = wanted
        layer.refresh(data_displayed=False, extent=False, thumbnail=False)


def _delete(layers: Iterable[Layer]) -> None:
    for each in layers:
        if each.selected_data and not getattr(each, "_is_creating", False):
            each.remove_selected()


def _hit(layers: Iterable[Layer], event: Any) -> tuple[Layer, int] | None:
    """Return the first layer with a box under the mouse, and which box."""
    cells = ((each, cell_at(each, event)) for each in layers if each.visible)
    return next(((each, cell) for each, cell in cells if cell is not None), None)


def cell_at(layer: Layer, event: Any) -> int | None:
    """Return which box of the layer lies under the mouse; a point that is a cell is as large as the cell."""
    value = layer.get_value(event.position, world=True)
    if isinstance(layer, Points):
        return _box_around(layer, event) if value is None and "height" in layer.features else value
    return None if value is None or value[0] is None else int(value[0])  # the other is the vertex


def _box_around(layer: Points, event: Any) -> int | None:
    """Return the cell whose middle is next to the mouse, of those that it is in."""
    boxes = boxes_of(layer)
    place = np.asarray(layer.world_to_data(event.position))[-2:] + EDGE
    away = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - place)
    inside = np.flatnonzero(np.all(away <= (boxes[:, 2:] - boxes[:, :2]) / 2, axis=1))
    return int(inside[away[inside].sum(axis=1).argmin()]) if len(inside) else None


def _pressing(reviewer: Reviewer, key: str) -> Callable[[Layer], None]:
    return lambda _: reviewer.press(key)


def _accepting(reviewer: Reviewer) -> Callable[[Any], Iterator[None]]:
    def accept(layer: Any) -> Iterator[None]:
        if getattr(layer, "mode", "pan_zoom") == "pan_zoom":  # a viewer has none
            reviewer.accept()
            yield
            return
        before, layer.mode = layer.mode, "pan_zoom"  # as napari does: held down, Space lets a drag move the image
        yield
        layer.mode = before

    return accept


def _hovering(reviewer: Reviewer, beside: Beside, shows: Shows) -> Callable[[Layer, Any], None]:
    def hover(layer: Layer, event: Any) -> None:
        hit = _hit(_in_order(layer, beside()), event) if shows(event) else None
        if hit is None or hit[1] >= len(hit[0].features):
            reviewer.hover("")
            return
        row = hit[0].features.iloc[hit[1]]
        said = in_words(row["class"], row["certainty"], row["score"], unsure=bool(row["unsure"]))
        reviewer.hover(f"{said}: {UNSURE_MEANS}" if row["unsure"] else said)

    return hover
