"""Layers that hold cells, and whether they lie on an image."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.cell_layers import cells_in, check_frame, common_placement, holds_cells, plane_of
from napari_hemalens.gui.layers import MARK


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


def test_cells_without_a_scale_lie_on_the_pixels_of_the_image():
    image, cells = Image(np.zeros((4, 5)), scale=(0.1, 0.1), units=("um", "um")), Labels(np.zeros((4, 5), int))
    np.testing.assert_allclose(common_placement(image, cells)["scale"], 0.1)


def test_micrometres_and_nanometres_can_be_the_same_place():
    image = Image(np.zeros((4, 5)), scale=(0.1, 0.1), units=("um", "um"))
    common_placement(image, Labels(np.zeros((4, 5), int), scale=(100, 100), units=("nm", "nm")))
    with pytest.raises(AnnotationError, match="do not lie on each other"):
        common_placement(image, Labels(np.zeros((4, 5), int), scale=(100, 100), units=("um", "um")))
