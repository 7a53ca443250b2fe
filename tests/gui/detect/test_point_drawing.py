"""Points follow their cells, and are boxes again for whoever reads them."""

import numpy as np
import pytest
from napari.layers import Layer
from tests.gui.detect.test_drawing import cells, finish

from napari_hemalens.gui.detect.point_drawing import PointDrawing
from napari_hemalens.gui.layers import cell_layer


@pytest.fixture
def drawn():
    return PointDrawing(Layer.create(*cell_layer(cells(0), {}, many=True)))


def test_a_point_that_is_moved_moves_its_box(drawn):
    finish(drawn.follow(cells(2), np.arange(2)))
    drawn.layer.data = drawn.layer.data + np.array([[0, 0], [5, 7]])
    np.testing.assert_allclose(drawn.read().boxes[1], cells(2).boxes[1] + [5, 7, 5, 7])


def test_a_new_point_gets_a_box_of_usual_size(drawn):
    finish(drawn.follow(cells(2), np.arange(2)))
    drawn.layer.add([[50, 60]])
    np.testing.assert_allclose(drawn.read().boxes[2], [46.5, 56.5, 54.5, 64.5])


def test_points_that_stay_are_selected_still(drawn):
    finish(drawn.follow(cells(6), np.arange(6)))
    drawn.layer.selected_data = {1, 4}
    finish(drawn.follow(cells(6), np.array([0, 2, 3, 4, 5])))
    (index,) = drawn.layer.selected_data
    assert drawn.shown.rows[index] == 4


def test_nothing_is_written_where_nothing_has_changed(drawn):
    finish(drawn.follow(cells(6), np.arange(6)))
    written = []
    for name in ("data", "features", "face_color", "size", "symbol"):
        getattr(drawn.layer.events, name).connect(lambda _, name=name: written.append(name))
    finish(drawn.follow(cells(6), np.arange(6)))
    assert written == []
