"""The layers of a viewer follow the cells of its fields, and tell who changed them."""

import imageio.v3 as iio
import numpy as np
import pytest
from napari.layers import Shapes


@pytest.fixture
def field(analysed):
    (field,) = analysed.results.fields
    return field


@pytest.fixture
def layers(analysed):
    return analysed.results.layers


def heard(signal):
    events = []
    signal.connect(events.append)
    return events


def test_a_field_is_drawn_in_a_later_turn_and_says_so_once(layers, field, runner):
    drawn = heard(layers.drawn)
    layers.draw(field, 0.9)
    assert drawn == []
    runner.draw()
    assert drawn == [field]
    assert field.drawing.layer.nshapes == int(field.cells.visible(0.9).sum())


def test_a_hidden_field_is_not_drawn(layers, field, runner):
    before = field.drawing.layer.nshapes
    field.hidden = True
    layers.draw(field, 0.99)
    runner.draw()
    assert field.drawing.layer.nshapes == before


def test_a_field_put_away_leaves_the_viewer_without_telling_of_a_removal(layers, field, viewer):
    removed = heard(layers.removed)
    layer = field.drawing.layer
    layers.put_away(field)
    assert layer not in viewer.layers
    assert removed == []
    assert field.drawing is None


def test_a_layer_that_a_person_removes_is_told_of(layers, field, viewer):
    removed, layer = heard(layers.removed), field.drawing.layer
    viewer.layers.remove(layer)
    assert removed == [layer]


def test_an_edit_is_told_of_with_its_layer(layers, field):
    edited, layer = heard(layers.edited), field.drawing.layer
    assert isinstance(layer, Shapes)
    layer.selected_data = {0}
    layer.remove_selected()
    assert layer in edited


def test_what_is_selected_are_rows_of_the_cells(field):
    field.drawing.layer.selected_data = {1, 0}
    assert field.selected == field.drawing.shown.rows[[0, 1]].tolist()


def test_a_cell_is_looked_at_once_its_field_is_drawn(layers, field, viewer, runner):
    layer = field.drawing.layer
    layers.draw(field, 0.1)
    layers.look_at(field, 10)
    assert set(layer.selected_data) == set()
    runner.draw()
    (index,) = layer.selected_data
    assert layer.features.loc[index, "cell"] == 11
    layer.selected_data = set()
    layers.draw(field, 0.1)
    runner.draw()
    assert set(layer.selected_data) == set()


def test_a_box_at_the_border_moves_no_slider(layers, field, viewer, runner):
    told, cells = [], field.cells.cells
    cells.boxes[0, :2] = 0
    viewer.dims.events.range.connect(told.append)
    viewer.dims.events.current_step.connect(told.append)
    layers.draw(field, 0.1)
    runner.draw()
    assert viewer.dims.range[0].start < 0
    layers.put_away(field)
    assert told == []


def test_an_image_of_a_folder_is_seen_whole_and_the_next_as_the_one_before(session, viewer, runner, recipe, tmp_path):
    files = [tmp_path / f"{name}.tif" for name in "abc"]
    for file, sides in zip(files, ((401, 601), (401, 601), (801, 1001)), strict=True):
        iio.imwrite(file, np.full((*sides, 3), 200, np.uint8))
    session.start_run(files, recipe)
    runner.run()
    camera = getattr(viewer, "scene", viewer).camera
    assert camera.center[-2:] == pytest.approx((200, 300))  # the viewer has looked at a smear of 40 x 60 um
    camera.center = (0, 50, 60)
    session.show_field(session.results.fields[1])
    assert camera.center[-2:] == (50, 60)
    session.show_field(session.results.fields[2])
    assert camera.center[-2:] == pytest.approx((400, 500))
