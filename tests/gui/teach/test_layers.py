"""Circles over images: coloured by class, thick where a person named the cell, the shown cell in white."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.gui.teach.layers import layer_of, looks
from napari_hemalens.gui.teach.sources import cells_of_layer

WHITE = (1, 1, 1, 1)


def colour_of(session, name):
    return np.array([*bytes.fromhex(session.project.classes.named(name).colour[1:]), 255]) / 255


def test_cells_have_the_colour_of_their_class_and_the_shown_one_is_white(taught, runner):
    taught.taught.label_rows([0], "dark")
    taught.go_to(5)
    colours, widths = looks(taught.taught)
    np.testing.assert_allclose(colours[0], colour_of(taught, "dark"), atol=0.01)
    np.testing.assert_allclose(colours[5], WHITE)
    unknown = np.setdiff1d(np.arange(20), [0, 5])
    assert (colours[unknown, 3] < 1).all()  # nothing is known of them
    assert widths[5] > widths[0] > widths[unknown].max()
    runner.draw()
    (layer,) = taught.layers
    np.testing.assert_allclose(layer.border_color, colours)
    np.testing.assert_allclose(layer.border_width, widths)


@pytest.mark.parametrize("row", [0, 6])  # a label that was guessed changes a width alone
def test_circles_are_drawn_once_and_only_if_they_change(taught, runner, row):
    (layer,) = taught.layers
    drawn = []
    for told in (layer.events.border_width, layer.events.border_color, layer._border.events.colors):
        told.connect(lambda: drawn.append(True))
    taught.taught.go_to(5)
    taught.layers.colour(taught.taught)
    drawn.clear()
    taught.layers.colour(taught.taught)
    assert drawn == []
    guessed = np.array(layer.border_color)
    taught.taught.label_rows([row], "dark")
    guessed[row] = looks(taught.taught)[0][row]
    if row:
        layer.border_color = guessed
        drawn.clear()
    taught.layers.colour(taught.taught)
    assert drawn == [True]
    np.testing.assert_allclose(layer.border_width, looks(taught.taught)[1])


def test_circles_lie_around_their_cells(taught, viewer):
    (layer,) = taught.layers
    cells = taught.taught.embedded.cells
    np.testing.assert_allclose(layer.data, cells.centres - 0.5)
    np.testing.assert_allclose(layer.scale, viewer.layers["smear"].scale)
    assert (layer.size > (cells.boxes[:, 2:] - cells.boxes[:, :2]).min()).all()


def test_the_camera_goes_to_the_cell_that_is_shown(taught, viewer, runner):
    (layer,) = taught.layers
    layer.visible = False
    taught.go_to(13)
    runner.draw()
    camera = getattr(viewer, "scene", viewer).camera
    np.testing.assert_allclose(camera.center[-2:], layer.data_to_world(layer.data[13]))
    assert layer.visible


def click(layer, position, moved=0):
    """Press and release the mouse, some pixels from where it was pressed."""
    event = SimpleNamespace(type="mouse_press", pos=(0, 0), position=position)
    (callback,) = layer.mouse_drag_callbacks
    steps = callback(layer, event)
    next(steps)
    event.type, event.pos = "mouse_release", (moved, 0)
    assert next(steps, None) is None


@pytest.mark.parametrize(("moved", "goes"), [(0, True), (30, False)])
def test_a_click_shows_a_cell_and_a_drag_does_not(taught, moved, goes):
    (layer,) = taught.layers
    row = (taught.taught.current + 3) % 20
    layer.get_value = lambda *_, **__: row
    click(layer, layer.data_to_world(layer.data[row]), moved)
    assert (taught.taught.current == row) == goes


def test_beside_the_cells_a_click_changes_nothing(taught):
    (layer,) = taught.layers
    before = taught.taught.current
    layer.get_value = lambda *_, **__: None
    click(layer, (0, 0))
    assert taught.taught.current == before


def test_another_pool_takes_the_place_of_the_circles(taught, viewer, runner, labels):
    image = viewer.layers["smear"]
    nuclei = viewer.add_labels(labels, name="nuclei", scale=image.scale, units=image.units)
    taught.start([cells_of_layer(image, nuclei)], TeachingRecipe())
    runner.run()
    (layer,) = taught.layers
    assert len(layer.data) == 4


def test_an_image_is_found_though_it_is_renamed_or_opened_anew(viewer):
    image = viewer.layers["smear"]
    read = {"smear": image}
    image.name = "renamed"
    assert layer_of(viewer, "smear", read) is image
    viewer.layers.remove(image)
    assert layer_of(viewer, "smear", read) is None
    anew = viewer.add_image(np.zeros((400, 600)), name="smear")
    assert layer_of(viewer, "smear", read) is anew


def test_cells_of_two_images_have_a_layer_each(teach, viewer, runner, many_boxes, tmp_path):
    other = viewer.add_image(np.ones((200, 300)), name="other")
    nuclei = viewer.add_labels(np.repeat([[0, 1, 0, 2]], 200, 0).repeat(75, 1), name="nuclei")
    teach.open_project(tmp_path / "p")
    sources = [cells_of_layer(viewer.layers["smear"], many_boxes), cells_of_layer(other, nuclei)]
    teach.start(sources, TeachingRecipe())
    runner.run()
    assert {layer.name: len(layer.data) for layer in teach.layers} == {"smear taught": 20, "other taught": 2}


def test_another_image_does_not_lie_over_the_cell_that_is_shown(taught, viewer, runner):
    above = viewer.add_image(viewer.layers["smear"].data.copy(), rgb=True, scale=(0.1, 0.1), units=("um", "um"))
    taught.go_to(13)
    runner.draw()
    assert not above.visible


def test_circles_are_seen_over_their_own_frame_to_which_a_cell_leads(teach, viewer, runner, many_boxes, tmp_path):
    smear = viewer.layers["smear"]
    series = viewer.add_image(np.stack([smear.data] * 3), rgb=True, name="series", scale=(1, 0.1, 0.1))
    series.units = ("pixel", "um", "um")
    teach.open_project(tmp_path / "project")
    viewer.dims.set_current_step(0, 1)
    teach.start([cells_of_layer(series, many_boxes, viewer.dims.point)], TeachingRecipe())
    viewer.dims.set_current_step(0, 0)
    runner.run()
    (layer,) = teach.layers
    assert (viewer.dims.current_step[0], layer.visible) == (1, True)
    viewer.dims.set_current_step(0, 2)
    assert not layer.visible
    teach.go_to(3)
    runner.draw()
    assert (viewer.dims.current_step[0], layer.visible) == (1, True)


def test_circles_of_a_frame_that_is_not_known_are_seen_over_all(teach, viewer, runner, many_boxes, tmp_path):
    smear = viewer.layers["smear"]
    series = viewer.add_image(np.stack([smear.data] * 3), rgb=True, name="series", scale=(1, 0.1, 0.1))
    series.units = ("pixel", "um", "um")
    teach.open_project(tmp_path / "project")
    teach.start([replace(cells_of_layer(series, many_boxes), frame=())], TeachingRecipe())
    runner.run()
    viewer.dims.set_current_step(0, 2)
    teach.go_to(3)
    runner.draw()
    (layer,) = teach.layers
    assert (viewer.dims.current_step[0], layer.visible) == (2, True)
