"""Axes of a layer: what napari knows is believed, what it does not know is said to be a guess."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_hemalens.gui.axes import (
    axes_of,
    colours_guessed,
    frame_named,
    frame_of,
    frame_title,
    go_to_frame,
    guess_in_words,
    holding_sliders,
)
from napari_hemalens.gui.layers import slide_from_layer

Z, C = ("z", "y", "x"), ("Channel", "y", "x")


@pytest.mark.parametrize(
    ("shape", "rgb", "labels", "axes", "guessed"),
    [
        ((40, 60), False, None, "YX", False),
        ((40, 60, 3), True, None, "YXC", False),
        ((3, 40, 60, 3), True, None, "TYXC", False),
        ((2, 5, 40, 60, 4), True, None, "TZYXC", False),
        ((3, 40, 60), False, Z, "ZYX", False),
        ((4, 40, 60), False, Z, "ZYX", False),
        ((3, 40, 60), False, C, "CYX", False),
        ((3, 40, 60), False, None, "CYX", True),
        ((1, 40, 60), False, None, "CYX", False),
        ((5, 40, 60), False, None, "TYX", False),
        ((7, 3, 40, 60), False, ("t", "c", "y", "x"), "TCYX", False),
        ((7, 3, 40, 60), False, None, "TZYX", False),
        ((7, 5, 40, 60), False, ("slice", "time", "y", "x"), "ZTYX", False),
        ((7, 5, 40, 60), False, ("z", "z", "y", "x"), "ZTYX", False),
        ((2, 7, 40, 60), False, ("position", "t", "y", "x"), "ZTYX", False),
    ],
)
def test_axes_are_those_the_layer_tells_of(shape, rgb, labels, axes, guessed):
    layer = Image(np.zeros(shape, np.uint8), rgb=rgb, axis_labels=labels)
    assert (axes_of(layer), colours_guessed(layer)) == (axes, guessed)


def test_what_is_guessed_is_said_with_what_says_otherwise():
    layer = Image(np.zeros((3, 40, 60), np.uint8), name="stack")
    assert guess_in_words(layer).startswith("Its 3 planes are taken for colours or channels: where they are slices")
    viewer = ViewerModel()
    viewer.layers.append(layer)
    exec(guess_in_words(layer).rpartition("console, ")[2].removesuffix("."), {"viewer": viewer})  # noqa: S102 -- as told
    assert axes_of(layer) == "ZYX"
    assert guess_in_words(layer) == ""


def test_a_grey_stack_of_three_slices_is_read_at_its_slider():
    pixels = np.stack([np.full((40, 60), grey, np.uint8) for grey in (10, 120, 250)])
    slide = slide_from_layer(Image(pixels, axis_labels=Z), (1, 0, 0))
    assert slide.levels[0].shape == (40, 60, 1)
    assert slide.levels[0].frame == {"Z": 1}


def test_the_slider_of_the_colour_chooses_no_frame():
    layer = Image(np.zeros((7, 3, 40, 60), np.uint8), axis_labels=("t", "c", "y", "x"))
    assert frame_of(layer, (9, 5, 2, 20, 30)) == (5,)
    assert slide_from_layer(layer, (5, 2, 20, 30)).levels[0].shape == (40, 60, 3)


def test_the_sliders_go_to_a_frame_that_is_named():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((2, 9, 5, 40, 60), np.uint8))
    layer = viewer.add_image(np.zeros((9, 5, 3, 40, 60), np.uint8), axis_labels=("t", "z", "c", "y", "x"))
    frame = frame_named(layer, "Z=3,T=8")
    assert frame == (8, 3)
    assert frame_title(layer, frame) == "T=8,Z=3"
    go_to_frame(viewer, layer, frame)
    assert frame_of(layer, viewer.dims.point) == (8, 3)


def test_steps_of_a_slider_are_no_indices_of_a_layer():
    viewer = ViewerModel()
    long = viewer.add_image(np.zeros((12, 40, 60), np.uint8), scale=(0.5, 1, 1), translate=(-2, 0, 0))
    short = viewer.add_image(np.zeros((5, 40, 60), np.uint8), axis_labels=("t", "y", "x"), translate=(1, 0, 0))
    viewer.dims.set_current_step(0, 8)  # at 2.0 of the world
    assert (frame_of(long, viewer.dims.point), frame_of(short, viewer.dims.point)) == ((8,), (1,))
    go_to_frame(viewer, short, (2,))
    assert frame_of(short, viewer.dims.point) == (2,)
    assert viewer.dims.point[0] == 3.0
    go_to_frame(viewer, long, (0,))
    assert frame_of(short, viewer.dims.point) == (-3,)  # nothing of it is on screen


@pytest.mark.window
def test_an_image_is_not_read_anew_for_a_box_at_its_border(make_napari_viewer):
    viewer = make_napari_viewer()
    image = viewer.add_image(np.zeros((40, 60, 3), np.uint8), rgb=True)
    boxes, read = viewer.add_shapes([]), []
    image.events.set_data.connect(read.append)
    with holding_sliders(viewer):
        boxes.add(np.array([[-0.5, -0.5], [-0.5, 9.5], [9.5, 9.5], [9.5, -0.5]]))
    assert read == []
    assert viewer.dims.range[0].start == -0.5


def test_a_viewer_without_images_is_left_alone():
    viewer, told = ViewerModel(), []
    viewer.dims.events.range.connect(told.append)
    with holding_sliders(viewer):
        viewer.add_shapes([np.array([[0, 0], [0, 9], [9, 9], [9, 0]])])
    assert told
    with holding_sliders(None):
        pass
