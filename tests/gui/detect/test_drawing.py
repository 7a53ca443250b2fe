"""A layer follows its cells with the fewest changes, in small steps."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Layer
from napari.utils.colormaps.standardize_color import transform_color

from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.detect.drawing import drawing
from napari_hemalens.gui.layers import cell_layer
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.palette import colour_of

NAMES = ("myelocyte", "lymphocyte")


def cells(count, names=None):
    near = np.stack(np.divmod(np.arange(count), 100), axis=1) * 10.0
    classes = np.arange(count) % 2 if names is None else [NAMES.index(name) for name in names]
    scores = np.linspace(1, 0.1, count)
    boxes = np.concatenate([near, near + 8], axis=1)
    return Detections.from_arrays(boxes, scores, classes, names=NAMES, image_shape=(10_000, 1_000))


@pytest.fixture(params=[False, True], ids=["boxes", "points"])
def drawn(request):
    layer = Layer.create(*cell_layer(cells(0), {}, many=request.param))
    return drawing(layer)


def finish(steps):
    return sum(1 for _ in steps)


def colours(layer):
    return layer.edge_color if hasattr(layer, "edge_color") else layer.face_color


def assert_shows(drawn, found, rows):
    table = drawn.layer.features
    rows = np.sort(np.array(rows, dtype=int))
    order = np.argsort(table["cell"].to_numpy())
    np.testing.assert_array_equal(np.sort(table["cell"]) - 1, rows)
    np.testing.assert_allclose(boxes_of(drawn.layer)[order], found.boxes[rows], atol=1e-3)
    names = table["class"].to_numpy()[order]
    np.testing.assert_array_equal(names, found.class_names[rows])
    expected = [transform_color(colour_of(name))[0] for name in names]
    np.testing.assert_allclose(colours(drawn.layer)[order], np.reshape(expected, (-1, 4)), atol=1e-6)


@pytest.mark.parametrize("rows", [[], [0], [3, 1, 2], [0, 1, 2, 3, 4, 5]])
def test_the_layer_shows_the_rows_it_is_given_from_any_state(drawn, rows):
    found = cells(6)
    for start in ([], [0, 5], [0, 1, 2, 3, 4, 5]):
        finish(drawn.follow(found, np.array(start, dtype=int)))
        finish(drawn.follow(found, np.array(rows, dtype=int)))
        assert_shows(drawn, found, rows)


def test_cells_of_another_run_take_over_the_boxes_that_are_the_same(drawn):
    finish(drawn.follow(cells(6), np.arange(6)))
    fewer = cells(6).take(np.array([5, 0, 2]))
    finish(drawn.follow(fewer, np.arange(3)))
    assert_shows(drawn, fewer, [0, 1, 2])


def test_another_class_is_another_colour(drawn):
    finish(drawn.follow(cells(2), np.arange(2)))
    other = cells(2, ["lymphocyte", "lymphocyte"])
    finish(drawn.follow(other, np.arange(2)))
    assert_shows(drawn, other, [0, 1])


def test_a_box_drawn_next_has_the_class_that_was_chosen(drawn):
    finish(drawn.follow(cells(2), np.arange(2)))
    drawn.expect("blast")
    assert drawn.layer.feature_defaults["class"][0] == "blast"
    finish(drawn.follow(cells(4), np.arange(4)))  # writing features resets the defaults
    assert drawn.layer.feature_defaults["class"][0] == "blast"
    assert drawn.layer.feature_defaults["cell"][0] == 0


class TestBoxes:
    @pytest.fixture
    def drawn(self):
        return drawing(Layer.create(*cell_layer(cells(0), {}, many=False)))

    def test_boxes_are_added_and_removed_a_few_at_a_time(self, drawn):
        sizes = []
        drawn.layer.events.data.connect(lambda _: sizes.append(drawn.layer.nshapes))
        finish(drawn.follow(cells(1000), np.arange(1000)))
        finish(drawn.follow(cells(1000), np.arange(10)))
        assert np.abs(np.diff([0, *sizes])).max() <= 400
        assert np.diff([0, *sizes]).max() <= 100

    def test_what_is_shown_already_is_left_alone(self, drawn):
        found = cells(50)
        finish(drawn.follow(found, np.arange(50)))
        changes = []
        drawn.layer.events.data.connect(lambda event: changes.append(str(event.action)))
        finish(drawn.follow(found, np.arange(50)))
        assert changes == []
        finish(drawn.follow(found, np.arange(49)))
        assert changes == ["removing", "removed"]

    def test_two_equal_boxes_are_two_cells(self, drawn):
        twice = cells(1).take(np.array([0, 0]))
        finish(drawn.follow(twice, np.arange(2)))
        assert drawn.layer.nshapes == 2
        finish(drawn.follow(twice, np.array([1])))
        assert drawn.layer.nshapes == 1

    def test_a_selected_cell_stays_selected_and_lends_its_colour_to_nobody(self, drawn):
        finish(drawn.follow(cells(4), np.arange(4)))
        drawn.layer.selected_data = {1}
        finish(drawn.follow(cells(6), np.arange(6)))
        assert set(drawn.layer.selected_data) == {1}
        assert_shows(drawn, cells(6), range(6))

    def test_what_a_person_did_is_the_difference_to_what_was_written(self, drawn):
        finish(drawn.follow(cells(4), np.arange(4)))
        drawn.layer.remove([2])
        assert drawn.shown.rows.tolist() == [0, 1, 2, 3]
        assert drawn.read().rows.tolist() == [0, 1, 3]


def test_a_point_that_is_moved_moves_its_box():
    drawn = drawing(Layer.create(*cell_layer(cells(0), {}, many=True)))
    finish(drawn.follow(cells(2), np.arange(2)))
    drawn.layer.data = drawn.layer.data + np.array([[0, 0], [5, 7]])
    np.testing.assert_allclose(drawn.read().boxes[1], cells(2).boxes[1] + [5, 7, 5, 7])


def test_a_new_point_gets_a_box_of_usual_size():
    drawn = drawing(Layer.create(*cell_layer(cells(0), {}, many=True)))
    finish(drawn.follow(cells(2), np.arange(2)))
    drawn.layer.add([[50, 60]])
    np.testing.assert_allclose(drawn.read().boxes[2], [46.5, 56.5, 54.5, 64.5])


def unsure(found, which):
    """Return cells of which some are unsure."""
    naming = Naming.none(NAMES, len(found))
    naming.novelty[which] = 2
    return replace(found, naming=naming)


def looks(layer):
    return [str(look) for look in (layer.shape_type if hasattr(layer, "shape_type") else layer.symbol)]


def test_unsure_cells_look_different_until_they_are_named(drawn):
    found = cells(5)
    finish(drawn.follow(unsure(found, [1, 3]), np.arange(5)))
    first = looks(drawn.layer)
    assert [first[1] == first[3], first[1] == first[0], first[0] == first[2] == first[4]] == [True, False, True]
    drawn.layer.selected_data = {3}
    finish(drawn.follow(unsure(found, [0, 1]), np.arange(5)))
    second = looks(drawn.layer)
    assert [second[0], second[1], second[3]] == [first[1], first[1], first[0]]
    assert drawn.layer.features["unsure"].tolist() == [True, True, False, False, False]
    assert_shows(drawn, found, range(5))


@pytest.mark.parametrize("drawn", [False], indirect=True)
def test_a_box_that_was_named_stays_selected(drawn):
    found = cells(5)
    finish(drawn.follow(unsure(found, [3]), np.arange(5)))
    drawn.layer.selected_data = {3}
    finish(drawn.follow(found, np.arange(5)))
    assert set(drawn.layer.selected_data) == {3}
