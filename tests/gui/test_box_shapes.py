"""What stands for a box in a layer: a rectangle, or with cut corners where the cell is unsure."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.box_shapes import (
    are_cut,
    box_side,
    boxes_of,
    corners,
    cut_corners,
    line_width,
    outlines,
    point_size,
    points,
    reshape,
    sides,
)

BOXES = np.array([[10, 20, 30, 60], [0, 0, 8.5, 9.25], [50, 50, 90, 80]], np.float32)
UNSURE = np.array([False, True, False])


@pytest.fixture
def layer():
    shapes, kinds = outlines(BOXES, UNSURE)
    return ViewerModel().add_shapes(shapes, shape_type=kinds, edge_width=2)


def test_only_unsure_cells_have_cut_corners(layer):
    assert layer.shape_type == ["rectangle", "polygon", "rectangle"]
    assert are_cut(layer).tolist() == UNSURE.tolist()


def test_either_outline_is_the_same_box(layer):
    np.testing.assert_allclose(boxes_of(layer), BOXES, atol=1e-4)


def test_corners_are_cut_so_far_that_it_is_seen():
    (octagon,), (rectangle,) = cut_corners(BOXES[:1]), corners(BOXES[:1])
    near = np.abs(octagon[:, None] - rectangle[None]) / [20, 40]
    assert near.max(axis=2).min() == pytest.approx(0.3)


def test_a_box_changes_its_outline_in_its_place_and_stays_selected(layer):
    layer.selected_data = {1}
    reshape(layer, 1, BOXES[1], unsure=False)
    reshape(layer, 2, BOXES[2], unsure=True)
    assert are_cut(layer).tolist() == [False, False, True]
    assert {*layer.selected_data} == {1}
    np.testing.assert_allclose(boxes_of(layer), BOXES, atol=1e-4)


def test_a_layer_without_boxes_has_no_outlines():
    shapes, kinds = outlines(BOXES[:0], UNSURE[:0])
    assert (len(shapes), kinds) == (0, [])
    assert len(boxes_of(ViewerModel().add_shapes())) == 0


def test_points_lie_in_the_middle_and_keep_the_sides():
    np.testing.assert_allclose(points(BOXES)[0], [19.5, 39.5])
    assert sides(BOXES)["width"].tolist() == [40, 9.25, 30]


def test_lines_and_points_suit_the_size_of_the_boxes():
    assert box_side(BOXES) == 25
    assert box_side(BOXES[:0]) == 48
    assert line_width(BOXES) == pytest.approx(25 / 15, abs=0.05)
    assert point_size(BOXES) == pytest.approx(25 / 3)
