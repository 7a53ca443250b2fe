"""A dock begins with the image that a person looks at."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.looked_at import image_looked_at
from napari_hemalens.gui.uncovering import lay_over

SMEAR = np.zeros((8, 8, 3), np.uint8)
PLANE = np.zeros((8, 8))


@pytest.fixture
def viewer():
    """Three photographs over each other, of which none is selected."""
    model = ViewerModel()
    for name in "abc":
        model.add_image(SMEAR, rgb=True, name=name)
    model.layers.selection.clear()
    return model


def looked_at(viewer, *names):
    found = image_looked_at(viewer, [viewer.layers[name] for name in names or "abc"])
    return None if found is None else found.name


def test_the_image_in_front_is_looked_at_and_of_hidden_ones_the_last(viewer):
    for hidden, expected in ("", "c"), ("c", "b"), ("bc", "a"), ("abc", "c"):
        for layer in viewer.layers:
            layer.visible = layer.name not in hidden
        assert looked_at(viewer) == expected
    assert image_looked_at(viewer, []) is None


def test_the_selected_image_comes_first_unless_it_is_hidden(viewer):
    viewer.layers.selection = {viewer.layers["a"]}
    assert looked_at(viewer) == "a"
    viewer.layers.selection = {viewer.layers["a"], viewer.layers["b"]}
    assert looked_at(viewer) == "b"
    viewer.layers.selection = {viewer.layers["a"]}
    viewer.layers["a"].visible = False
    assert looked_at(viewer) == "c"
    assert looked_at(viewer, "a") == "a"


def test_the_image_of_selected_boxes_comes_before_one_in_front(viewer):
    boxes = viewer.add_shapes(np.array([[1, 1], [1, 4], [4, 4], [4, 1]]))
    assert viewer.layers.selection.active is boxes
    assert looked_at(viewer) == "c"  # nobody knows of which they are
    lay_over(viewer, boxes, viewer.layers["a"])
    assert looked_at(viewer) == "a"


def test_the_image_on_which_a_rectangle_is_drawn_is_looked_at(viewer):
    viewer.layers["c"].translate = (0, 20)
    viewer.add_shapes(np.array([[1, 1], [1, 4], [4, 4], [4, 1]]))
    assert looked_at(viewer) == "b"
    viewer.add_shapes(np.array([[1, 21], [1, 24], [4, 24], [4, 21]]))
    assert looked_at(viewer) == "c"
    viewer.add_shapes()  # empty: it lies nowhere
    assert looked_at(viewer) == "c"


def add_channels(viewer, *names):
    for name in names:
        viewer.add_image(PLANE, name=name, blending="additive")


def test_of_channels_as_they_are_opened_the_one_of_dna_is_meant():
    viewer = ViewerModel()
    add_channels(viewer, "actin", "DAPI", "tubulin")
    assert looked_at(viewer, "actin", "DAPI", "tubulin") == "DAPI"
    viewer.layers.selection = {viewer.layers["actin"]}  # by a person
    assert looked_at(viewer, "actin", "DAPI", "tubulin") == "actin"


def test_an_image_that_was_just_opened_counts_as_selected(viewer):
    viewer.layers.selection = {viewer.layers["a"]}
    images = [*viewer.layers]
    assert image_looked_at(viewer, images, images[1:2]).name == "b"
    images[1].visible = False
    assert image_looked_at(viewer, images, images[1:2]).name == "a"


def test_of_channels_without_a_dna_stain_the_lowest_is_meant():
    viewer = ViewerModel()
    add_channels(viewer, "red", "green")
    assert looked_at(viewer, "red", "green") == "red"
    viewer.add_image(SMEAR, rgb=True, name="smear")  # through which nothing is seen
    assert looked_at(viewer, "red", "green", "smear") == "smear"
