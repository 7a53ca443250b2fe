"""Boxes follow their cells, a few at a time, and stay as they were where nothing has changed."""

import numpy as np
import pytest
from napari.layers import Layer
from tests.gui.detect.test_drawing import assert_shows, cells, finish, unsure

from napari_hemalens.gui.detect.box_drawing import BoxDrawing
from napari_hemalens.gui.layers import cell_layer


@pytest.fixture
def drawn():
    return BoxDrawing(Layer.create(*cell_layer(cells(0), {}, many=False)))


def test_boxes_are_added_and_removed_a_few_at_a_time(drawn):
    sizes = []
    drawn.layer.events.data.connect(lambda _: sizes.append(drawn.layer.nshapes))
    finish(drawn.follow(cells(1000), np.arange(1000)))
    finish(drawn.follow(cells(1000), np.arange(10)))
    assert np.abs(np.diff([0, *sizes])).max() <= 400
    assert np.diff([0, *sizes]).max() <= 100


def test_what_is_shown_already_is_left_alone(drawn):
    found = cells(50)
    finish(drawn.follow(found, np.arange(50)))
    changes = []
    drawn.layer.events.data.connect(lambda event: changes.append(str(event.action)))
    finish(drawn.follow(found, np.arange(50)))
    assert changes == []
    finish(drawn.follow(found, np.arange(49)))
    assert changes == ["removing", "removed"]


def test_two_equal_boxes_are_two_cells(drawn):
    twice = cells(1).take(np.array([0, 0]))
    finish(drawn.follow(twice, np.arange(2)))
    assert drawn.layer.nshapes == 2
    finish(drawn.follow(twice, np.array([1])))
    assert drawn.layer.nshapes == 1


def test_a_selected_cell_stays_selected_and_lends_its_colour_to_nobody(drawn):
    finish(drawn.follow(cells(4), np.arange(4)))
    drawn.layer.selected_data = {1}
    finish(drawn.follow(cells(6), np.arange(6)))
    assert set(drawn.layer.selected_data) == {1}
    assert_shows(drawn, cells(6), range(6))


def test_what_a_person_did_is_the_difference_to_what_was_written(drawn):
    finish(drawn.follow(cells(4), np.arange(4)))
    drawn.layer.remove([2])
    assert drawn.shown.rows.tolist() == [0, 1, 2, 3]
    assert drawn.read().rows.tolist() == [0, 1, 3]


def test_what_was_written_is_what_is_read(drawn):
    found = unsure(cells(30), [3, 7])
    for rows in (np.arange(30), np.arange(5, 20), np.arange(2, 30)):
        for _ in drawn.follow(found, rows):
            for name in ("rows", "boxes", "names"):
                np.testing.assert_array_equal(getattr(drawn.shown, name), getattr(drawn.read(), name))


def test_a_box_of_another_class_is_coloured_alone(drawn):
    found = cells(50)
    finish(drawn.follow(found, np.arange(50)))
    asked = []
    view = drawn.layer._data_view
    update = view.update_edge_colors
    view.update_edge_colors = lambda which, colours: (asked.append(which), update(which, colours))
    finish(drawn.follow(cells(50, ["lymphocyte", *found.class_names[1:]]), np.arange(50)))
    assert asked == [[0]]


def test_a_box_that_was_named_stays_selected(drawn):
    found = cells(5)
    finish(drawn.follow(unsure(found, [3]), np.arange(5)))
    drawn.layer.selected_data = {3}
    finish(drawn.follow(found, np.arange(5)))
    assert set(drawn.layer.selected_data) == {3}


def test_no_thumbnail_is_made_of_boxes_which_have_no_faces(drawn):
    made = []
    drawn.layer.events.thumbnail.connect(lambda _: made.append(1))
    finish(drawn.follow(cells(50), np.arange(50)))
    finish(drawn.follow(cells(50), np.arange(20)))
    assert made == []
    drawn.layer.refresh()
    assert made == [1]
