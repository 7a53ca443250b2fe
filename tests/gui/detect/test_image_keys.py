"""Keys name cells also while the image is the active layer."""

import pytest


@pytest.fixture
def image(analysed, viewer):
    return viewer.layers["smear"]


def press(layer, key):
    act = next(act for bound, act in layer.keymap.items() if str(bound) == key)
    act(layer)


def test_a_key_on_the_image_names_the_selected_cell(analysed, image, viewer, runner):
    viewer.layers["smear cells"].selected_data = {0}
    press(image, "1")
    assert analysed.results.detections()[0].counts()["blast"] == 1
    press(image, "U")
    assert "blast" not in analysed.results.detections()[0].counts()
    press(image, "N")
    assert analysed.results.status.startswith("Cell ")


def test_keys_work_whichever_layer_is_active_that_has_none_of_its_own(analysed, viewer):
    viewer.add_points()
    press(viewer, "N")
    assert analysed.results.status.startswith("Cell ")
    press(viewer, "E")
    assert analysed.results.detections()[0].counts()["eosinophil"] == 1


def test_without_cells_the_keys_are_those_of_napari(analysed, image, viewer):
    assert image.keymap
    analysed.results.clear()
    assert not image.keymap
    assert not viewer.keymap
    analysed.results.undo()
    assert image.keymap
