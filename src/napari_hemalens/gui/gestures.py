"""Keys and mouse on a layer of cells: what napari's own tools do not offer."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points

from napari_hemalens.gui.box_labels import UNSURE_MEANS, in_words
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


def bind(layer: Layer, reviewer: Reviewer) -> None:
    """Let a layer of cells answer the keys of classes, of a review, undo and redo, clicks and the hovering mouse."""
    bind_keys(layer, reviewer)
    layer.bind_key("Escape", put_down, overwrite=True)
    layer.mouse_drag_callbacks.append(pick)
    layer.mouse_move_callbacks.append(_hovering(reviewer))


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


def put_down(layer: Layer) -> None:
    """End what a person does with a tool of napari's; without one, select nothing."""
    if layer.mode == "pan_zoom":
        layer.selected_data = set()
        layer.refresh(data_displayed=False, extent=False, thumbnail=False)
    else:
        layer.mode = "pan_zoom"  # which finishes a shape that is being drawn


def pick(layer: Layer, event: Any) -> Iterator[None]:
    """Select the cell that is clicked, while a drag still moves the camera."""
    if layer.mode != "pan_zoom":
        return
    start = np.asarray(event.pos)
    yield
    while event.type == "mouse_move":
        yield
    if np.abs(np.asarray(event.pos) - start).max() > STILL:
        return
    cell = cell_at(layer, event)
    if cell is not None and "Shift" in event.modifiers:
        layer.selected_data = {*layer.selected_data} ^ {cell}
    else:
        layer.selected_data = set() if cell is None else {cell}
    layer.refresh(data_displayed=False, extent=False, thumbnail=False)


def cell_at(layer: Layer, event: Any) -> int | None:
    """Return which box of the layer lies under the mouse."""
    value = layer.get_value(event.position, world=True)
    if not isinstance(layer, Points) and value is not None:
        value = value[0]  # the other is the vertex
    return None if value is None else int(value)


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


def _hovering(reviewer: Reviewer) -> Callable[[Layer, Any], None]:
    def hover(layer: Layer, event: Any) -> None:
        cell = cell_at(layer, event)
        if cell is None or cell >= len(layer.features):
            reviewer.hover("")
            return
        row = layer.features.iloc[cell]
        said = in_words(row["class"], row["certainty"], row["score"], unsure=bool(row["unsure"]))
        reviewer.hover(f"{said}: {UNSURE_MEANS}" if row["unsure"] else said)

    return hover
