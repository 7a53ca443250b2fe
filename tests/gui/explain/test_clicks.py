"""A click on the canvas, and not a drag, chooses a cell."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.explain.clicks import click_callback


@pytest.mark.parametrize(("moved", "button", "clicks"), [(2, 1, 1), (20, 1, 0), (0, 2, 0)])
def test_only_a_still_left_click_counts(moved, button, clicks):
    told, viewer = [], ViewerModel()
    layer = viewer.add_image(np.zeros((4, 4)))
    event = SimpleNamespace(position=(1.0, 2.0), pos=np.array([10, 10]), type="mouse_press", button=button)
    press = click_callback(lambda *click: told.append(click))(viewer, event)
    next(press, None)
    event.type, event.pos = "mouse_release", event.pos + moved
    next(press, None)
    assert told == [((1.0, 2.0), (layer,))] * clicks


def test_a_click_that_paints_chooses_nothing():
    viewer, told = ViewerModel(), []
    viewer.add_labels(np.zeros((4, 4), int)).mode = "paint"
    event = SimpleNamespace(position=(1.0, 2.0), pos=np.array([10, 10]), type="mouse_press", button=1)
    assert next(click_callback(lambda *click: told.append(click))(viewer, event), None) is None
    assert told == []
