"""The keys of a layer of circles: classes, and what else can be said."""

import numpy as np
from napari.layers import Points

from napari_hemalens.gui.teach import keys


class Told:
    def __init__(self):
        self.said = []

    def press(self, key):
        self.said.append(key)

    def __getattr__(self, name):
        return lambda: self.said.append(name)


def press(layer, key):
    {str(bound): action for bound, action in layer.keymap.items()}[key](layer)


def test_keys_of_classes_and_the_others_are_told():
    layer, told = Points(np.zeros((1, 2))), Told()
    keys.bind(layer, told, {"blast": "B", "smudge": "1", "without a key": ""})
    for key in ("B", "1", "Space", "N", "-", "U", "Backspace", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z"):
        press(layer, key)
    assert told.said == ["B", "1", "skip", "skip", "not_sure", "undo", "undo", "undo", "redo", "redo"]


def test_a_digit_without_a_class_is_no_tool_of_napari():
    layer, told = Points(np.zeros((1, 2))), Told()
    keys.bind(layer, told, {"blast": "B"})
    press(layer, "2")
    assert (told.said, layer.mode) == (["2"], "pan_zoom")  # and the session knows no class of it


def test_a_class_keeps_a_key_that_would_skip_or_undo():
    layer, told = Points(np.zeros((1, 2))), Told()
    keys.bind(layer, told, {"neutrophil": "n"})
    press(layer, "N")
    press(layer, "U")
    assert told.said == ["n", "undo"]
    assert "N" not in keys.others({"neutrophil": "n"})


def test_keys_bound_before_are_given_back():
    layer, told = Points(np.zeros((1, 2))), Told()
    keys.bind(layer, told, {"blast": "B"})
    keys.bind(layer, told, {"blast": "E"})
    bound = {str(key) for key in layer.keymap}
    assert "E" in bound
    assert "B" not in bound
