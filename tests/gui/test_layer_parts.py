"""A new layer is drawn one part more after each step, and its text once there is one."""

from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Points, Shapes

from napari_hemalens.gui.layer_parts import part_by_part


def added(viewer, kind):
    """Add a layer with one cell, and return it with its parts."""
    layer = viewer.add_layer(kind(np.zeros((4, 2)) if kind is Points else np.eye(4)[:, :2] * 9))
    return layer, viewer.window._qt_viewer.canvas.layer_to_visual[layer].node


@pytest.mark.window
@pytest.mark.parametrize("kind", [Points, Shapes])
def test_one_more_part_is_drawn_after_each_step(make_napari_viewer, kind):
    layer, node = added(viewer := make_napari_viewer(), kind)
    parts = [part for part in node._subvisuals if part is not node.text]
    before = [part.visible for part in parts]
    steps = part_by_part(viewer, layer)
    seen = [sum(part.visible for part in parts) for _ in chain([None], steps)]
    assert seen[:3] == [1, 1, 2]
    assert [part.visible for part in parts] == before


@pytest.mark.window
@pytest.mark.parametrize("kind", [Points, Shapes])
def test_text_is_drawn_once_there_is_one(make_napari_viewer, kind):
    layer, node = added(viewer := make_napari_viewer(), kind)
    list(part_by_part(viewer, layer))
    assert not node.text.visible
    layer.text = {"string": {"constant": "a"}}
    assert node.text.visible


@pytest.mark.window
def test_labels_that_are_shown_are_drawn(make_napari_viewer):
    layer, node = added(viewer := make_napari_viewer(), Shapes)
    layer.text.visible = False
    list(part_by_part(viewer, layer))
    layer.text.visible = True
    assert node.text.visible


def test_a_part_that_is_hidden_stays_so():
    parts = [SimpleNamespace(visible=shown) for shown in (True, False, True)]
    layer = Points()
    canvas = SimpleNamespace(layer_to_visual={layer: SimpleNamespace(node=SimpleNamespace(_subvisuals=parts))})
    viewer = SimpleNamespace(window=SimpleNamespace(_qt_viewer=SimpleNamespace(canvas=canvas)))
    list(part_by_part(viewer, layer))
    assert [part.visible for part in parts] == [True, False, True]


def test_without_a_window_there_is_nothing_to_do():
    viewer = ViewerModel()
    assert list(part_by_part(viewer, viewer.add_points())) == []
