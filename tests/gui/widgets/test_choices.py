"""A choice stays what it was when other things are offered, and layers follow the viewer."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from qtpy.QtWidgets import QWidget

from napari_hemalens.gui.layers import MARK, holds_pixels
from napari_hemalens.gui.widgets.choices import Choice, DeviceChoice, image_choice, layer_choice

pytestmark = pytest.mark.window


@pytest.fixture
def viewer():
    model = ViewerModel()
    model.add_image(np.zeros((8, 8)), name="first")
    model.add_image(np.zeros((8, 8)), name="second")
    model.add_image(np.zeros((8, 8)), name="heat", metadata={MARK: {}})
    return model


@pytest.fixture
def images(qtbot, viewer):
    """A choice that follows the viewer as napari makes a docked widget follow it."""
    choice = layer_choice(viewer, Image, "Image", absent="no image is open", offered=holds_pixels)
    qtbot.addWidget(choice.native)
    for event in ("inserted", "removed", "reordered", "renamed"):
        getattr(viewer.layers.events, event).connect(choice.reset_choices)
    return choice


@pytest.fixture
def begun(qtbot, viewer):
    """A choice of the image to work on, as docks have it."""
    choice, dock = image_choice(viewer), QWidget()
    qtbot.addWidget(dock)
    choice.native.setParent(dock)
    for event in ("inserted", "removed"):
        getattr(viewer.layers.events, event).connect(choice.reset_choices)
    yield choice
    choice.native.setParent(None)


def test_layers_of_another_kind_and_heat_of_ours_are_not_offered(viewer, images):
    viewer.add_labels(np.zeros((8, 8), int))
    assert [layer.name for layer in images.choices] == ["first", "second"]


def test_a_layer_stays_chosen_when_it_is_renamed_or_others_come_and_go(viewer, images):
    second = images.value = viewer.layers["second"]
    news = []
    images.changed.connect(news.append)
    second.name = "renamed"
    viewer.add_image(np.zeros((8, 8)), name="third")
    viewer.layers.remove("first")
    assert images.value is second
    assert images.current_choice == "renamed"
    assert news == []


def test_a_layer_that_is_gone_gives_way_to_another_and_then_to_none(viewer, images):
    news = []
    images.changed.connect(news.append)
    second = viewer.layers["second"]
    viewer.layers.remove("first")
    viewer.layers.remove("second")
    assert news == [second, None]
    assert images.current_choice == "no image is open"
    assert not images.enabled


def test_no_labels_are_no_choice(viewer, qtbot):
    choice = layer_choice(viewer, Labels, "Cells", absent="no labels yet")
    qtbot.addWidget(choice.native)
    assert (choice.value, choice.current_choice) == (None, "no labels yet")


def test_values_under_one_label_are_told_apart(qtbot):
    choice = Choice([("best", "a/best.json"), ("best", "b/best.json")])
    qtbot.addWidget(choice.native)
    choice.value = "b/best.json"
    assert choice.current_choice == "best [2]"


def test_a_choice_of_none_is_told(qtbot):
    choice = Choice([("blast", "blast")], none="All classes")
    qtbot.addWidget(choice.native)
    news = []
    choice.changed.connect(news.append)
    choice.value = "blast"
    choice.value = None
    assert news == ["blast", None]
    assert choice.current_choice == "All classes"


def test_a_device_that_is_not_there_stays_chosen(qtbot):
    choice = DeviceChoice()
    qtbot.addWidget(choice.native)
    choice.select("cuda")
    choice.offer([("cpu", "CPU (8 cores)")])
    assert choice.value == "cuda"
    assert choice.choices == ("auto", "cuda")


def test_an_image_that_is_opened_is_chosen_until_somebody_chooses(viewer, begun):
    assert begun.value.name == "second"  # in front
    viewer.layers.selection.active = viewer.layers["second"]
    third = viewer.add_image(np.zeros((8, 8)), name="third")
    assert begun.value is third  # also where it is told before napari selects it, as in its window
    viewer.layers.selection.active = viewer.layers["first"]
    viewer.add_labels(np.zeros((8, 8), int))
    assert begun.value is third  # no image was opened
    begun.native.parentWidget().setEnabled(False)  # a run goes on
    viewer.add_image(np.zeros((8, 8)))
    assert begun.value is third


def test_what_a_person_chose_stays_chosen_when_an_image_is_opened(viewer, begun):
    begun.native.activated.emit(1)
    viewer.add_image(np.zeros((8, 8)))
    assert begun.value.name == "second"


def test_what_a_person_works_on_stays_chosen_when_an_image_is_opened(viewer, begun):
    begun.keep()
    viewer.add_image(np.zeros((8, 8)))
    assert begun.value.name == "second"


def test_what_was_filled_in_stays_chosen_when_an_image_is_opened(viewer, begun):
    begun.value = viewer.layers["first"]
    viewer.add_image(np.zeros((8, 8)))
    assert begun.value.name == "first"


def test_the_image_in_front_takes_the_place_of_a_chosen_one_that_is_gone(viewer, begun):
    viewer.layers["second"].visible = False
    viewer.add_image(np.zeros((8, 8)), name="third")
    viewer.layers.remove("third")
    viewer.layers.selection.clear()
    assert begun.value.name == "first"
