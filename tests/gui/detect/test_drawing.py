"""A layer follows its cells with the fewest changes, in small steps."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Layer
from napari.utils.colormaps.standardize_color import transform_color

from napari_hemalens.gui.box_shapes import boxes_of
from napari_hemalens.gui.detect.box_drawing import BoxDrawing
from napari_hemalens.gui.detect.point_drawing import PointDrawing
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
    return PointDrawing(layer) if request.param else BoxDrawing(layer)


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


def told(layer):
    """Return a list that grows with all that a layer tells, but for how its next box looks."""
    news = []
    signals = ("data", "features", "properties", "edge_color", "face_color", "symbol", "size", "feature_defaults")
    for name in signals:
        if hasattr(layer.events, name):
            getattr(layer.events, name).connect(lambda event: news.append(event.type))
    return news


def test_of_cells_that_are_shown_already_nothing_is_told(drawn):
    found = unsure(cells(5), [1, 3])
    finish(drawn.follow(found, np.arange(5)))
    news = told(drawn.layer)
    finish(drawn.follow(found, np.arange(5)))
    assert news == []
    assert_shows(drawn, found, range(5))


def test_features_that_have_changed_are_told_of(drawn):
    finish(drawn.follow(cells(2), np.arange(2)))
    news = told(drawn.layer)
    finish(drawn.follow(cells(2, ["lymphocyte", "lymphocyte"]), np.arange(2)))
    assert {"features", "properties"} <= {*news}
    assert drawn.layer.features["short"].tolist() == ["lym", "lym"]
    assert drawn.shown.names.tolist() == ["lymphocyte", "lymphocyte"]
