"""Labels on boxes, and selected boxes that keep the colour of their class."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens.gui.detect.box_style import LABELS_AT_MOST, style_selection, update_label_visibility
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.records.detections import Detections


def boxes(n, side=20):
    corner = np.stack([np.arange(n) // 50, np.arange(n) % 50], axis=1) * 30.0
    return Detections.from_arrays(
        np.hstack([corner, corner + side]),
        np.ones(n),
        np.arange(n) % 2,
        names=("blast", "unclassifiable"),
        image_shape=(3000, 3000),
    )


@pytest.fixture
def layer():
    return ViewerModel().add_layer(Layer.create(*as_layers(boxes(4))[0]))


def test_a_label_is_the_short_name_of_the_class(layer):
    assert list(layer.text.values) == ["blast", "?", "blast", "?"]


@pytest.mark.parametrize(
    ("n", "zoom", "wanted", "visible"),
    [(4, 3, True, True), (4, 1, True, False), (4, 3, False, False), (LABELS_AT_MOST + 1, 3, True, False)],
    ids=["large enough", "small on the screen", "not wanted", "too many"],
)
def test_labels_show_where_they_can_be_read(n, zoom, wanted, visible):
    viewer = ViewerModel()
    layer = viewer.add_layer(Layer.create(*as_layers(boxes(n))[0]))
    getattr(viewer, "scene", viewer).camera.zoom = zoom
    update_label_visibility(viewer, [layer], wanted=wanted)
    assert layer.text.visible == visible


def test_selected_boxes_have_a_thicker_edge_of_the_same_colour(layer):
    style_selection(layer)
    colours, thin = layer.edge_color.copy(), layer.edge_width[0]
    layer.selected_data = {1}
    assert np.array_equal(layer.edge_color, colours)
    assert layer.edge_width == pytest.approx([thin, 2.5 * thin, thin, thin])
    assert not layer._highlight_visible
    layer.selected_data = set()
    assert layer.edge_width == pytest.approx([thin] * 4)


def test_handles_of_shapes_that_are_changed_stay(layer):
    style_selection(layer)
    layer.mode = "select"
    layer.selected_data = {0}
    assert layer._highlight_visible


def test_a_box_drawn_after_a_selection_has_a_thin_edge(layer):
    style_selection(layer)
    thin = layer.edge_width[0]
    for selected in ({1}, {1, 2}, set()):
        layer.selected_data = selected
        assert layer.current_edge_width == pytest.approx(thin)
    assert layer.edge_width == pytest.approx([thin] * 4)
