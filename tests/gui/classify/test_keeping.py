"""What Classify gives a project to keep, and takes from it."""

import json

import numpy as np
import pytest

from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.projects.work import WorkFiles
from napari_hemalens.workflows.work import read_work


@pytest.fixture
def kept_by(tmp_path):
    """Write what a session has now, and return it as it is read."""

    def write(session):
        snapshot = session.keeper.snapshot()
        snapshot.write(WorkFiles(tmp_path), tmp_path)
        snapshot.kept()
        return read_work(tmp_path)

    return write


@pytest.fixture
def kept(classified, kept_by):
    """Write what there is now of results, and return it as it is read."""
    return lambda: kept_by(classified)


def test_what_is_kept_is_no_longer_unsaved_and_clashes(classified, kept):
    work = kept()
    classified.results.begin_review()
    classified.results.press("2")
    assert (classified.keeper.unsaved, classified.keeper.clashes(work)) == (1, 1)
    kept()
    assert classified.keeper.unsaved == 0


def test_results_of_an_image_that_is_not_found_stay_in_the_project(classified, viewer, kept):
    work = kept()
    classified.keeper.release()
    assert [layer.name for layer in viewer.layers] == ["smear", "nuclei"]
    classified.keeper.take(work, lambda _: None)
    assert classified.results.states == []
    assert len(kept().classified) == 1


def test_labels_that_a_person_paints_are_kept_again(classified, viewer, kept):
    kept()
    told = []
    classified.keeper.changed.connect(lambda: told.append(1))
    viewer.layers["nuclei"].selected_label = 5
    viewer.layers["nuclei"].paint((200, 500), 5)
    assert told
    assert 5 in np.unique(kept().classified[0].cells_from.labels)


def test_cells_made_by_labels_come_back_with_their_layer(classified, viewer, runner, labels, kept):
    cells = viewer.add_labels(labels // 4, name="cells", scale=(0.1, 0.1), units=("um", "um"))
    classified.make_cells_by(cells)
    runner.run()
    work, expected = kept(), classified.results.current.cells
    classified.keeper.release()
    viewer.layers.remove(cells)
    classified.keeper.take(work, lambda _: viewer.layers["smear"])
    state = classified.results.current
    assert state.cells_by is viewer.layers["cells"]
    np.testing.assert_array_equal(state.cells, expected)
    assert state.nc_ratio.values.shape == expected.shape
    np.testing.assert_array_equal(viewer.layers["cells"].data, labels // 4)


def test_outlines_come_back_over_the_frame_that_they_were_made_of(classifying, viewer, runner, question, kept_by):
    viewer.layers.clear()
    stack = viewer.add_image(np.zeros((3, 400, 600)), name="stack", axis_labels=("t", "y", "x"), scale=(2, 1, 1))
    viewer.dims.set_current_step(0, 1)
    classifying.segment(stack, SegmentationRecipe())
    runner.run()
    outlines = viewer.layers["stack [T=1] outlines"]
    classifying.start_run(stack, outlines, question)
    runner.run()
    assert not outlines.visible  # under the classes, whichever frame is seen
    viewer.dims.set_current_step(0, 2)
    viewer.dims.set_current_step(0, 1)
    assert not outlines.visible
    outlines.visible = True
    viewer.dims.set_current_step(0, 2)
    assert not outlines.visible
    work = kept_by(classifying)
    assert work.classified[0].cells_from.layer["visible"]  # nobody has hidden it
    classifying.keeper.release()
    viewer.layers.remove(outlines)
    classifying.keeper.take(work, lambda _: stack)
    outlines, classes = viewer.layers["stack [T=1] outlines"], viewer.layers["stack [T=1] outlines: micronucleus"]
    for layer in (outlines, classes):
        viewer.dims.set_current_step(0, 1)
        layer.visible = True
        viewer.dims.set_current_step(0, 0)
        assert not layer.visible


def test_a_kept_result_is_saved_with_the_options_of_its_run(classified, viewer, runner, question, kept, tmp_path):
    work = kept()
    classified.keeper.release()
    classified.recipe = ClassificationRecipe(task="leukocyte")  # on another day
    classified.keeper.take(work, lambda _: viewer.layers["smear"])
    classified.save(tmp_path / "saved")
    runner.run()
    said = json.loads((tmp_path / "saved" / "run.json").read_text())["recipe"]
    assert (said["task"], said["weights"]) == ("micronucleus", question.weights)
