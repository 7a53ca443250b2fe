"""What is known of the cells of one layer and frame, shown over it alone, and of their nuclei."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Labels

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.gui.classify.state import NucleusValues
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.review.classes import ReviewedClasses

FIRST, LAST = "nuclei: micronucleus [T=0]", "nuclei: micronucleus [T=2]"
VALUES = NucleusValues(np.array([3, 5, 9]), np.array([1, 0, 2]))


def test_values_are_looked_up_by_nucleus():
    assert VALUES.values_for(np.array([9, 3])).tolist() == [2, 1]


def test_an_unknown_nucleus_gives_no_values_at_all():
    assert VALUES.values_for(np.array([3, 10])) is None
    assert NucleusValues(np.zeros(0, int), np.zeros(0, int)).values_for(np.array([3])) is None


def test_the_ratio_of_nucleus_to_cytoplasm_joins_what_is_measured(classified):
    state = classified.results.current
    cells = state.reviewed.cells
    measured = Measurements.from_columns({"eccentricity": np.zeros(4)}, 4)
    state.nc_ratio = NucleusValues(cells.ids, np.array([0.5, np.nan, 1, 2]))
    assert state.measurements is None  # of a run that was stopped
    state.reviewed = ReviewedClasses(replace(cells, measurements=measured))
    assert state.measurements.names == ("eccentricity", "nc_ratio")
    np.testing.assert_array_equal(state.measurements.columns["nc_ratio"], [0.5, np.nan, 1, 2])
    state.nc_ratio = None
    assert state.measurements is measured


def test_without_its_layer_the_cells_that_it_comes_from_are_seen_again(classified):
    state = classified.results.current
    assert not state.source.visible
    assert not state.lose(Labels(np.zeros((2, 2), np.uint8)))  # of somebody else
    assert state.lose(state.layer)
    assert (state.layer, state.source.visible) == (None, True)
    assert state.lose(state.image)


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
