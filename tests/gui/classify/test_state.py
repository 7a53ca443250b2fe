"""What is known of the cells of one layer and frame, shown over it alone, and of their nuclei."""

import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.gui.classify.state import NucleusValues

FIRST, LAST = "nuclei: micronucleus [T=0]", "nuclei: micronucleus [T=2]"
VALUES = NucleusValues(np.array([3, 5, 9]), np.array([1, 0, 2]))


def test_values_are_looked_up_by_nucleus():
    assert VALUES.values_for(np.array([9, 3])).tolist() == [2, 1]


def test_an_unknown_nucleus_gives_no_values_at_all():
    assert VALUES.values_for(np.array([3, 10])) is None
    assert NucleusValues(np.zeros(0, int), np.zeros(0, int)).values_for(np.array([3])) is None


@pytest.fixture
def both(classifying, viewer, labels, runner, question):
    """Classes of the same outlines in frames 0 and 2; the latter is on screen."""
    viewer.layers.clear()
    stack = viewer.add_image(np.zeros((3, *labels.shape)), name="stack", axis_labels=("t", "y", "x"))
    nuclei = viewer.add_labels(labels, name="nuclei")
    for frame in (0, 2):
        viewer.dims.set_current_step(0, frame)
        classifying.start_run(stack, nuclei, question)
        runner.run()
    return classifying


def test_classes_are_shown_over_their_frame_alone(both, viewer):
    assert [viewer.layers[name].visible for name in (FIRST, LAST)] == [False, True]
    viewer.dims.set_current_step(0, 0)
    assert [viewer.layers[name].visible for name in (FIRST, LAST)] == [True, False]


def test_frames_are_corrected_each_for_itself(both, viewer):
    both.results.begin_review()
    both.results.press("2")
    assert [state.reviewed.n_corrections for state in both.results.states] == [0, 1]
    assert [state.frame for state in both.results.states] == [(0,), (2,)]


def test_outlines_are_shown_over_the_frame_that_they_were_made_of(classifying, viewer, runner):
    viewer.layers.clear()
    stack = viewer.add_image(np.zeros((3, 400, 600)), name="stack", axis_labels=("t", "y", "x"), scale=(2, 1, 1))
    viewer.dims.set_current_step(0, 1)
    classifying.segment(stack, SegmentationRecipe())
    viewer.dims.set_current_step(0, 2)  # while it runs
    runner.run()
    layer = viewer.layers["stack [T=1] outlines"]
    assert not layer.visible
    viewer.dims.set_current_step(0, 1)
    assert layer.visible
