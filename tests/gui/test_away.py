"""Only layers that we have hidden are shown again."""

import numpy as np
from napari.layers import Image

from napari_hemalens.gui.away import AwayLayers


def test_a_layer_comes_back_with_its_frame_unless_a_person_has_hidden_it():
    ours, theirs, away = Image(np.zeros((4, 4))), Image(np.zeros((4, 4)), visible=False), AwayLayers()
    for layer in (ours, theirs):
        away.show(layer, here=False)
    assert (ours.visible, theirs.visible) == (False, False)
    for layer in (ours, theirs):
        away.show(layer, here=True)
    assert (ours.visible, theirs.visible) == (True, False)
