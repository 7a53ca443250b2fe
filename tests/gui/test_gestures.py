"""Keys and mouse on a layer of cells."""

from types import SimpleNamespace

import numpy as np

from napari_hemalens.gui.gestures import bind, cell_at, pick


def click(layer, *, moved=0, modifiers=()):
    y0, x0, _, _ = (*layer.data[1].min(axis=0), 0, 0)
    event = SimpleNamespace(
        pos=np.zeros(2), type="mouse_press", modifiers=modifiers, position=((y0 + 9) * 0.1, (x0 + 9) * 0.1)
    )
    press = pick(layer, event)
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


def test_a_drag_selects_nothing(boxes):
    click(boxes, moved=30)
    assert {*boxes.selected_data} == set()


def test_keys_of_classes_and_of_undo_reach_the_reviewer(boxes):
    pressed = []
    bind(boxes, SimpleNamespace(press=pressed.append, undo=lambda: pressed.append("undo"), redo=None, hover=None))
    keys = {str(key): act for key, act in boxes.keymap.items()}
    keys["1"](boxes)
    keys["Ctrl+Z"](boxes)
    assert pressed == ["1", "undo"]
