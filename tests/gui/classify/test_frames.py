"""Classes of one frame are shown over it alone, and those of another are kept beside them."""

import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe

FIRST, LAST = "nuclei: micronucleus [T=0]", "nuclei: micronucleus [T=2]"


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
