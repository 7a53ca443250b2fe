"""H switches between heatmaps, whichever layer is active."""

import gc
import weakref

from napari.components import ViewerModel
from napari.utils.key_bindings import KeyBinding

from napari_hemalens.gui.explain import keys
from napari_hemalens.gui.explain.results import Heatmaps


def press(viewer, key):
    viewer.keymap[KeyBinding.from_str(key)](viewer)


def test_h_shows_the_next_method_and_shift_h_the_one_before(explained, viewer):
    press(viewer, "H")
    assert (explained.results.method, viewer.status) == ("grad-cam", "Grad-CAM")
    press(viewer, "Shift+H")
    assert (explained.results.method, viewer.status) == ("layer-5", "Attention, layer 5")


def test_without_heat_it_is_said_where_it_comes_from(explaining, viewer):
    press(viewer, "H")
    assert viewer.status == "There is no heatmap yet: press Run in Attention."


def test_the_keys_keep_no_heatmaps_alive():
    viewer = ViewerModel()
    heatmaps = Heatmaps(viewer)
    keys.bind(viewer, heatmaps)
    gone = weakref.ref(heatmaps)
    del heatmaps
    gc.collect()
    assert gone() is None
