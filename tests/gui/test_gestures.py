"""Keys and mouse on a layer of cells."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Points

from napari_hemalens.gui.gestures import bind, cell_at, pick


def click(layer, *, moved=0, modifiers=(), **options):
    y0, x0, _, _ = (*layer.data[1].min(axis=0), 0, 0)
    event = SimpleNamespace(
        pos=np.zeros(2), type="mouse_press", modifiers=modifiers, position=((y0 + 9) * 0.1, (x0 + 9) * 0.1)
    )
    press = pick(layer, event, **options)
    next(press)
    event.type, event.pos = "mouse_release", np.full(2, moved)
    next(press, None)
    return event


def test_a_click_selects_the_box_and_shift_takes_it_back(boxes):
    event = click(boxes)
    assert cell_at(boxes, event) == 1
    assert {*boxes.selected_data} == {1}
    click(boxes, modifiers=("Shift",))
    assert {*boxes.selected_data} == set()


def test_a_click_on_another_image_of_a_grid_selects_nothing(boxes):
    boxes.selected_data = {1}
    click(boxes, shows=lambda event: event.type != "mouse_release")
    assert {*boxes.selected_data} == set()


def test_a_drag_selects_nothing(boxes):
    click(boxes, moved=30)
    assert {*boxes.selected_data} == set()


@pytest.fixture
def told(boxes):
    """What a reviewer of the boxes is told."""
    told = []
    actions = {name: partial(told.append, name) for name in ("undo", "redo", "accept", "look_at_next")}
    bind(boxes, SimpleNamespace(press=told.append, hover=told.append, **actions))
    return told


def keys(layer):
    return {str(key): act for key, act in layer.keymap.items()}


def test_keys_of_classes_and_of_a_review_reach_the_reviewer(boxes, told):
    for key in ("1", "Ctrl+Z", "U", "N", "Ctrl+Y"):
        keys(boxes)[key](boxes)
    assert told == ["1", "undo", "undo", "look_at_next", "redo"]


def test_space_accepts_and_while_boxes_are_changed_moves_the_image(boxes, told):
    list(keys(boxes)["Space"](boxes))
    assert told == ["accept"]
    boxes.mode = "select"
    held = keys(boxes)["Space"](boxes)
    next(held)
    assert boxes.mode == "pan_zoom"
    next(held, None)
    assert boxes.mode == "select"
    assert told == ["accept"]


def test_escape_puts_the_tool_down_and_then_selects_nothing(boxes, told):
    boxes.mode = "add_rectangle"
    boxes.selected_data = {1}
    keys(boxes)["Escape"](boxes)
    assert boxes.mode == "pan_zoom"
    boxes.selected_data = {1}
    keys(boxes)["Escape"](boxes)
    assert {*boxes.selected_data} == set()


@pytest.mark.parametrize(
    ("unsure", "words"),
    [
        (False, "erythroblast (p 0.42), score 0.67"),
        (True, "erythroblast (p 0.42), score 0.67, unsure: unlike all cells that the classifier learned from"),
    ],
)
def test_hovering_tells_class_probability_and_whether_it_is_unsure(boxes, told, unsure, words):
    boxes.features.loc[1, ["certainty", "unsure"]] = [0.42, unsure]
    (hover,) = boxes.mouse_move_callbacks[-1:]
    y, x = boxes.data[1].mean(axis=0) * 0.1
    hover(boxes, SimpleNamespace(position=(y, x)))
    assert told == [words]


@pytest.fixture
def point(boxes):
    """A red cell beside the boxes, drawn as a point in its middle, over the second of them."""
    middle = boxes.data[1].mean(axis=0)
    sides = {"height": [30.0], "width": [30.0], "class": ["erythrocyte"]}
    return Points([middle], features=sides, size=2, scale=boxes.scale, units=boxes.units)


def at(layer, place, modifiers=()):
    return SimpleNamespace(
        pos=np.zeros(2), type="mouse_press", modifiers=modifiers, position=layer.data_to_world(place)
    )


def test_a_click_beside_the_active_layer_selects_there_alone(boxes, point):
    boxes.selected_data = {0}
    boxes.visible = False
    for _ in pick(boxes, event := at(point, point.data[0] + 10), [boxes, point]):
        event.type = "mouse_release"
    assert ({*boxes.selected_data}, {*point.selected_data}) == (set(), {0})
    assert cell_at(point, at(point, point.data[0] + 20)) is None


def test_delete_reaches_the_cells_beside_the_active_layer(boxes, point):
    nothing = SimpleNamespace(press=None, hover=None, undo=None, redo=None, accept=None, look_at_next=None)
    bind(boxes, nothing, lambda: (boxes, point))
    point.selected_data = {0}
    keys(boxes)["Delete"](boxes)
    assert (len(point.data), boxes.nshapes) == (0, 4)
