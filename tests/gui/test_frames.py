"""Layers are shown over their frame alone, and only those that we have hidden are shown again."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_hemalens.gui.frames import Framed, FramesOnScreen
from napari_hemalens.gui.uncovering import lay_over, uncover


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def stack(viewer):
    return viewer.add_image(np.zeros((3, 8, 8)), axis_labels=("t", "y", "x"))


def test_a_layer_comes_back_with_its_frame_unless_a_person_has_hidden_it(viewer, stack):
    ours, theirs = viewer.add_labels(np.zeros((8, 8), int)), viewer.add_labels(np.zeros((8, 8), int), visible=False)
    framed = Framed((ours, theirs), stack, (1,))
    frames = FramesOnScreen(viewer, lambda: [framed])
    viewer.dims.set_current_step(0, 0)
    assert not frames.shows(framed)
    assert (ours.visible, theirs.visible) == (False, False)
    frames.go_to(framed)
    assert viewer.dims.current_step[0] == 1
    assert (ours.visible, theirs.visible) == (True, False)


def test_a_layer_of_a_covered_image_comes_back_once_that_is_seen(viewer):
    below, _ = (viewer.add_image(np.zeros((4, 8, 8)), axis_labels=("t", "y", "x")) for _ in range(2))
    cells = viewer.add_labels(np.zeros((8, 8), int))
    framed = Framed((cells,), below, (1,))
    frames = FramesOnScreen(viewer, lambda: [framed])
    viewer.dims.set_current_step(0, 0)
    lay_over(viewer, cells, below)
    viewer.dims.set_current_step(0, 1)
    assert not cells.visible  # over the pixels of the other image
    viewer.dims.set_current_step(0, 2)
    uncover(viewer, below)
    assert not cells.visible  # over another frame
    frames.go_to(framed)
    assert cells.visible


def test_labels_of_several_planes_are_at_the_plane_on_screen(stack):
    labels = Labels(np.zeros((3, 8, 8), int))
    framed = Framed((), stack, (2,), labels, (2,))
    assert framed.is_at((2, 0, 0))
    assert not framed.is_at((1, 0, 0))


@pytest.mark.parametrize("framed", [Framed((), None, (2,)), Framed((), None, "T=2")])
def test_a_frame_of_a_file_or_of_an_image_that_is_gone_is_always_on_screen(framed):
    assert framed.is_at((0, 0, 0))


def test_a_layer_that_is_hidden_for_good_does_not_come_back(viewer, stack):
    outlines = viewer.add_labels(np.zeros((8, 8), int))
    frames = FramesOnScreen(viewer, list)
    frames.bind(outlines, stack, (1,))
    viewer.dims.set_current_step(0, 0)
    assert frames.hides(outlines)
    frames.hide(outlines)
    viewer.dims.set_current_step(0, 1)
    assert (outlines.visible, frames.hides(outlines)) == (False, False)


def test_a_bound_layer_is_shown_over_its_frame_alone(viewer, stack):
    outlines = viewer.add_labels(np.zeros((8, 8), int))
    viewer.dims.set_current_step(0, 2)
    FramesOnScreen(viewer, list).bind(outlines, stack, (0,))
    assert not outlines.visible
