"""Layers that hold cells, and whether they lie on an image."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.cell_layers import (
    are_of_image,
    cells_in,
    cells_of_image,
    cells_on_screen,
    check_frame,
    common_placement,
    holds_cells,
    of_another_image,
    outlines_layer,
    place_now,
    plane_of,
)
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.uncovering import lay_over


def test_boxes_of_nucleated_cells_become_ellipses(boxes):
    labels = cells_in(boxes, ())((400, 600))
    assert {*np.unique(labels)} == {0, 1, 2, 3}  # the fourth is a red cell


def test_of_a_stack_the_plane_on_screen_is_read():
    layer = Labels(np.arange(3)[:, None, None] * np.ones((3, 4, 5), int))
    assert plane_of(layer, (2, 0, 0)) == (2,)
    assert (cells_in(layer, (2,))((4, 5)) == 2).all()


def test_labels_that_end_before_the_slider_does_are_refused():
    layer = Labels(np.zeros((3, 4, 5), int), name="short", scale=(2, 1, 1))
    assert plane_of(layer, (6, 0, 0)) == (3,)
    with pytest.raises(AnnotationError, match="Nothing of 'short' is on screen: move the sliders"):
        cells_in(layer, (3,))


def test_labels_of_a_person_hold_cells_and_our_own_do_not():
    assert holds_cells(Labels(np.zeros((4, 5), int)))
    assert not holds_cells(Labels(np.zeros((4, 5), int), metadata={MARK: {}}))
    assert not holds_cells(Image(np.zeros((4, 5))))


def test_cells_of_another_frame_are_refused(boxes):
    stack = Image(np.zeros((3, 400, 600)), axis_labels=("t", "y", "x"))
    check_frame(stack, boxes, (1,))  # nobody knows of which frame these are
    header = boxes.metadata[MARK]
    boxes.metadata = {MARK: replace(header, provenance=replace(header.provenance, frame="T=2"))}
    check_frame(stack, boxes, (2,))
    check_frame(Image(np.zeros((400, 600))), boxes, ())
    with pytest.raises(AnnotationError, match=r"were found in frame T=2 and not in T=1: go to their frame"):
        check_frame(stack, boxes, (1,))


@pytest.fixture
def series():
    """A viewer of a series of five frames, and outlines of two of them."""
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((5, 4, 6)), name="series", axis_labels=("t", "y", "x"))
    for frame in (1, 2):
        viewer.add_layer(outlines_layer(np.eye(4, 6, dtype=int), image, (frame,)))
    return viewer


def test_outlines_of_one_frame_are_refused_in_another(series):
    image, first, _ = series.layers
    check_frame(image, first, (1,))
    with pytest.raises(AnnotationError, match=r"'series \[T=1\] outlines' were found in frame T=1 and not in T=2"):
        check_frame(image, first, (2,))
    check_frame(image, outlines_layer(np.eye(4, 6, dtype=int), Image(np.zeros((4, 6))), ()), (2,))


@pytest.mark.parametrize(("step", "expected"), [(1, 0), (2, 1), (3, 0)])
def test_the_outlines_of_the_frame_on_screen_take_the_place_of_others(series, step, expected):
    image, *outlines = series.layers
    elsewhere = outlines_layer(np.eye(4, 6, dtype=int), Image(np.zeros((5, 4, 6)), name="other"), (2,))
    series.layers.insert(0, elsewhere)
    series.dims.set_current_step(0, step)
    assert cells_on_screen(series, image, outlines[0]) is outlines[expected]


def test_cells_of_no_frame_stay_whatever_is_on_screen(series):
    series.dims.set_current_step(0, 2)
    painted = series.add_labels(np.zeros((4, 6), int))
    assert cells_on_screen(series, series.layers["series"], painted) is painted
    assert cells_on_screen(series, None, painted) is painted
    assert cells_on_screen(series, series.layers["series"], None) is None


def test_cells_without_a_scale_lie_on_the_pixels_of_the_image():
    image, cells = Image(np.zeros((4, 5)), scale=(0.1, 0.1), units=("um", "um")), Labels(np.zeros((4, 5), int))
    np.testing.assert_allclose(common_placement(image, cells)["scale"], 0.1)


def test_micrometres_and_nanometres_can_be_the_same_place():
    image = Image(np.zeros((4, 5)), scale=(0.1, 0.1), units=("um", "um"))
    common_placement(image, Labels(np.zeros((4, 5), int), scale=(100, 100), units=("nm", "nm")))
    with pytest.raises(AnnotationError, match="do not lie on each other"):
        common_placement(image, Labels(np.zeros((4, 5), int), scale=(100, 100), units=("um", "um")))


@pytest.fixture
def two_images():
    """A viewer of two images; outlines of each, and labels of which nobody knows where they were found."""
    viewer = ViewerModel()
    for name in ("a", "b"):
        viewer.add_image(np.zeros((4, 5)), name=name)
    viewer.add_labels(np.eye(4, 5, dtype=int), name="anybody's")
    for name in ("a", "b", "b"):
        layer = viewer.add_layer(outlines_layer(np.eye(4, 5, dtype=int), viewer.layers[name], ()))
        lay_over(viewer, layer, viewer.layers[name])
    return viewer


@pytest.mark.parametrize(
    ("chosen", "hidden", "expected"),
    [
        ("a outlines", (), "b outlines [1]"),
        ("a outlines", ("b outlines [1]",), "b outlines"),
        ("a outlines", ("b outlines", "b outlines [1]"), "b outlines [1]"),
        ("b outlines", (), "b outlines"),
        ("anybody's", (), "anybody's"),
    ],
)
def test_another_image_has_its_own_cells(two_images, chosen, hidden, expected):
    for layer in two_images.layers:
        layer.visible = layer.name not in hidden
    found = cells_of_image(two_images, two_images.layers["b"], two_images.layers[chosen])
    assert found is two_images.layers[expected]


def test_an_image_without_cells_of_its_own_takes_none_of_another(two_images):
    alone = two_images.add_image(np.zeros((4, 5)), name="alone")
    cells = two_images.layers["a outlines"]
    assert cells_of_image(two_images, alone, cells) is two_images.layers["anybody's"]
    two_images.layers.remove("anybody's")
    assert cells_of_image(two_images, alone, cells) is cells  # there is nothing better
    assert cells_of_image(two_images, None, cells) is cells


def test_cells_of_another_image_are_told_of(two_images, boxes):
    image = two_images.layers["b"]
    said = of_another_image(two_images.layers["a outlines"], image)
    assert said == "The cells of 'a outlines' were found in another image, a: see that they lie on this one."
    assert "in another image, smear:" in of_another_image(boxes, image)
    for cells in (two_images.layers["b outlines"], two_images.layers["anybody's"], None):
        assert of_another_image(cells, image) == ""


def test_cells_know_their_image_by_its_name_where_they_come_from_a_file(boxes):
    image = Image(np.zeros((400, 600)), name="smear")
    assert are_of_image(boxes, image)
    image.name = "other"
    assert not are_of_image(boxes, image)


def test_of_layers_that_no_longer_lie_together_the_image_counts():
    image, cells = Image(np.zeros((4, 5)), scale=(2, 2)), Labels(np.zeros((4, 5), int), scale=(2, 2))
    image.scale = (3, 3)
    np.testing.assert_array_equal(place_now(image, cells)["scale"], (3, 3))
    np.testing.assert_array_equal(place_now(image, None)["scale"], (3, 3))


def test_cells_with_a_scale_say_where_both_lie_if_the_image_has_none():
    image, cells = Image(np.zeros((4, 5))), Labels(np.zeros((4, 5), int), scale=(2, 2))
    np.testing.assert_array_equal(place_now(image, cells)["scale"], (2, 2))
