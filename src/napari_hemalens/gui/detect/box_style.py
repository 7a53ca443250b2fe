"""How boxes look beside their colour: a short label on each, and a thicker edge where one is selected."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Shapes

from napari_hemalens.gui.box_labels import show_labels
from napari_hemalens.gui.box_shapes import boxes_of, line_width

LABELS_AT_MOST = 300
"""Labels of a layer, above which none is shown: napari lays all of them out anew at each change, about 1 ms each."""

EMPHASISED_AT_MOST = 200
"""Selected boxes, above which napari's own highlight marks them."""

_READABLE = 30  # pixels of the screen a side of a box, below which its label would hide it
_THICKER = 2.5  # the edge of a selected box, over that of the others


def update_label_visibility(viewer: ViewerModel, layers: Iterable[Layer], *, wanted: bool) -> None:
    """Show the labels of boxes that are large enough on the screen, of layers that hold not too many."""
    camera = getattr(viewer, "scene", viewer).camera  # before napari 0.9 the viewer held it
    for layer in layers:
        if isinstance(layer, Shapes):
            side = _typical_side(layer) * abs(float(layer.scale[-1])) * float(camera.zoom)
            n = int(np.count_nonzero(layer.features["short"] != ""))
            visible = wanted and 0 < n <= LABELS_AT_MOST and side >= _READABLE
            if layer.text.visible != visible:
                show_labels(layer, shown=visible)


def without_labels(layer: Layer) -> None:
    """Let boxes have no labels until they are shown."""
    if isinstance(layer, Shapes):
        show_labels(layer, shown=False)


def emphasise_selection(layer: Shapes) -> None:
    """Draw the edges of selected boxes thicker, in the colour of their class, in place of napari's blue outline.

    The outline stays where a person changes shapes, whose handles are part of it, and where very many are selected.
    """
    selected = {index for index in layer.selected_data if index < layer.nshapes}
    marked = selected if len(selected) <= EMPHASISED_AT_MOST else set()
    layer._highlight_visible = str(layer.mode) != "pan_zoom" or len(selected) > EMPHASISED_AT_MOST
    widths = np.array(layer.edge_width, dtype=float)
    others = np.delete(widths, sorted(marked)) if len(marked) < len(widths) else np.zeros(0)
    thin = float(others.min()) if len(others) else line_width(boxes_of(layer))
    wanted = np.where(np.isin(np.arange(len(widths)), sorted(marked)), thin * _THICKER, np.minimum(widths, thin))
    changed = np.flatnonzero(~np.isclose(widths, wanted))
    with layer._data_view.batched_updates():
        for index in changed:  # one by one: setting all of them would build every box anew
            layer._data_view.update_edge_width(int(index), float(wanted[index]))
    if not np.isclose(layer.current_edge_width, thin):  # napari takes it over from a selected box
        with layer.block_update_properties():
            layer.current_edge_width = thin  # tells of new edges, too


def style_selection(layer: Layer) -> None:
    """Let the edges of a layer of boxes follow what is selected in it."""
    if not isinstance(layer, Shapes):
        return

    def follow(_: Any = None) -> None:
        emphasise_selection(layer)

    events = getattr(layer.selected_data, "events", None)
    # After napari's own callbacks of the same signal, which take the next width over from the selection.
    (layer.events.highlight if events is None else events.items_changed).connect(follow)
    layer.events.mode.connect(follow)
    follow()


def _typical_side(layer: Shapes) -> float:
    """Return the side of a typical box in pixels of the image, from a few of them."""
    few = layer._data_view.shapes[:64]  # `data` would go through all of them
    sides = [np.ptp(np.asarray(shape.data)[:, -1]) for shape in few]
    return float(np.median(sides)) if sides else 0.0
