"""The choice of cells goes along with the frame on screen, for as long as it is there."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_hemalens.gui.cell_layers import holds_cells, outlines_layer
from napari_hemalens.gui.classify.session import classification_session
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.widgets.cells_choice import cells_choice
from napari_hemalens.gui.widgets.choices import layer_choice
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.records.tasks import task

pytestmark = pytest.mark.window


def test_cells_that_are_seen_are_chosen_before_hidden_ones_then_the_last(qtbot):
    viewer = ViewerModel()
    for name, visible in (("truth", False), ("cells", True)):
        viewer.add_labels(np.eye(4, 6, dtype=int), name=name, visible=visible)
    images = layer_choice(viewer, Image, "Image", absent="none")
    qtbot.addWidget(images.native)
    for hidden, expected in ({"truth"}, "cells"), ({"cells"}, "truth"), ({"truth", "cells"}, "cells"):
        for layer in viewer.layers:
            layer.visible = layer.name not in hidden
        cells = cells_choice(viewer, images)
        qtbot.addWidget(cells.native)
        assert cells.value.name == expected


def test_cells_begin_with_the_selected_ones_never_with_another_images(qtbot, two_images):
    viewer, images, _ = two_images
    of_a, other_of_a, of_b = outlined(viewer, "a"), outlined(viewer, "a"), outlined(viewer, "b")
    for selected, image, expected in (of_b, "a", of_a), (other_of_a, "a", other_of_a), (of_a, "b", of_b):
        viewer.layers.selection.active = selected
        images.value = viewer.layers[image]
        cells = cells_choice(viewer, images)
        qtbot.addWidget(cells.native)
        assert cells.value is expected


def test_nuclei_below_their_classes_are_chosen_before_cells_that_are_seen(qtbot):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((4, 6)))
    nuclei, _ = (viewer.add_labels(np.eye(4, 6, dtype=int), name=name) for name in ("nuclei", "cells"))
    nuclei.visible = False
    images = layer_choice(viewer, Image, "Image", absent="none")
    qtbot.addWidget(images.native)
    session = classification_session(viewer, QtRunner)
    session.results.current = ClassificationState(image, nuclei, (), parted=False, task=task("micronucleus"))
    cells = cells_choice(viewer, images)
    qtbot.addWidget(cells.native)
    assert cells.value is nuclei


def test_cells_follow_the_slider_and_a_box_that_is_gone_does_not(qtbot):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((5, 4, 6)), name="series", axis_labels=("t", "y", "x"))
    first, second = (viewer.add_layer(outlines_layer(np.eye(4, 6, dtype=int), image, (frame,))) for frame in (1, 2))
    images = layer_choice(viewer, Image, "Image", absent="none")
    cells = cells_choice(viewer, images)
    qtbot.addWidget(images.native)
    assert [*cells.choices] == [each for each in viewer.layers if holds_cells(each)] == [first, second]
    for step in (0, 2):
        viewer.dims.set_current_step(0, step)
    assert cells.value is second
    viewer.dims.set_current_step(0, 3)
    assert cells.value is second  # nothing is outlined there
    viewer.dims.set_current_step(0, 1)
    assert cells.value is first
    with qtbot.waitSignal(cells.native.destroyed):
        cells.native.deleteLater()
    viewer.dims.set_current_step(0, 2)


@pytest.fixture
def two_images(qtbot):
    """A viewer of two images, and the choices of an image and of its cells."""
    viewer = ViewerModel()
    for name in ("a", "b"):
        viewer.add_image(np.zeros((4, 6)), name=name)
    images = layer_choice(viewer, Image, "Image", absent="none")
    images.value = viewer.layers["a"]
    cells = cells_choice(viewer, images)
    for box in (images, cells):
        qtbot.addWidget(box.native)
        viewer.layers.events.inserted.connect(box.reset_choices)
    return viewer, images, cells


def outlined(viewer, name, **options):
    layer = outlines_layer(np.eye(4, 6, dtype=int), viewer.layers[name], ())
    layer.visible = options.get("visible", True)
    return viewer.add_layer(layer)


def test_cells_follow_the_image_that_is_chosen(two_images):
    viewer, images, cells = two_images
    of_a, of_b = outlined(viewer, "a"), outlined(viewer, "b")
    assert cells.value is of_a
    images.value = viewer.layers["b"]
    assert cells.value is of_b


def test_cells_that_are_found_take_the_place_of_hidden_ones(two_images):
    viewer, _, cells = two_images
    truth = outlined(viewer, "a", visible=False)
    assert cells.value is truth
    outlined(viewer, "b")  # of another image
    assert cells.value is truth
    found = outlined(viewer, "a")
    assert cells.value is found
    outlined(viewer, "a")
    assert cells.value is found  # which is seen


def test_hidden_cells_that_a_person_has_chosen_stay(two_images):
    viewer, _, cells = two_images
    truth = outlined(viewer, "a", visible=False)
    cells.native.activated.emit(0)
    outlined(viewer, "a")
    assert cells.value is truth
