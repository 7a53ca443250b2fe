"""The demo goes from step to step by itself, and stops where a step does: without a window."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui import demo
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.gui.demo import Demo
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.explain.session import ExplanationSession
from napari_hemalens.gui.selection import SelectedCell

SHAPE = (400, 600)


@pytest.fixture
def told(runner, network, classifier, explainer, monkeypatch):
    """A demo on a small sample, and what it says."""
    viewer = ViewerModel()

    def opened(of):
        return of.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="sample", scale=(0.1, 0.1), units="um")

    monkeypatch.setattr(demo, "_opened", opened)
    sessions = (
        DetectionSession(viewer, runner, network),
        ClassificationSession(viewer, runner, classifier),
        ExplanationSession(viewer, runner, explainer),
    )
    it = Demo(viewer, sessions)
    it.viewer, it.sessions, it.words, it.steps = viewer, sessions, [], []
    it.selected = SelectedCell(viewer, runner.run_idle, sessions)
    it.message_sent.connect(it.words.append)
    it.changed.connect(lambda: it.steps.append(it.step))
    return it


def finish(runner):
    while runner.jobs or runner.drawings:
        runner.run()


def test_cells_are_found_named_and_explained_and_the_surest_is_looked_at(told, runner):
    told.start_demo()
    finish(runner)
    assert told.steps == ["detect", "classify", "explain", "look"]
    detection, classifying, explaining = told.sessions
    assert detection.recipe.tissue == "blood"
    assert classifying.recipe.task == "leukocyte"
    chosen = explaining.results.current.chosen
    assert chosen == explaining.results.current.classified.ids[0]
    assert [told.cells.features["cell"][row] for row in told.cells.selected_data] == [chosen]
    assert told.cells.visible
    assert told.viewer.layers.selection.active is told.cells
    assert told.viewer.layers["sample cells: leukocyte"].contour > 0  # outlines, as long as heat is shown


def test_every_box_is_classified_however_late_it_is_drawn(told, runner, classifier):
    told.start_demo()
    while runner.jobs:
        runner.step()  # the run ends, and nothing is drawn yet
    assert told.step == "detect"
    runner.draw()
    assert told.step == "classify"
    finish(runner)
    assert len(np.unique(classifier.asked[0][1])) - 1 == len(told.sessions[1].results.current.reviewed.cells)


@pytest.mark.parametrize("step", ["detect", "classify", "explain"])
def test_stop_ends_it_and_what_was_found_stays(told, runner, step):
    told.start_demo()
    while told.step != step:
        runner.step() if runner.jobs else runner.draw()
    told.stop()
    finish(runner)
    assert told.step is None
    assert not told.running
    assert told.steps[-2] == step


def test_a_second_click_begins_nothing(told, runner):
    told.start_demo()
    runner.step()
    told.start_demo()
    assert told.words == ["A run goes on: wait for its end, or press Stop."]
    finish(runner)
    assert told.steps == ["detect", "classify", "explain", "look"]


def test_it_can_be_begun_again(told, runner):
    told.start_demo()
    told.stop()
    finish(runner)
    told.start_demo()
    finish(runner)
    assert told.step == "look"


def test_without_the_image_it_ends(told, runner):
    told.start_demo()
    runner.step()
    del told.viewer.layers["sample"]
    finish(runner)
    assert told.step is None


def test_without_the_boxes_it_ends(told, runner):
    told.start_demo()
    while told.step != "classify":
        runner.step() if runner.jobs else runner.draw()
    told.viewer.layers.remove(told.cells)
    finish(runner)
    assert told.step is None


def test_a_step_that_fails_ends_it(told, runner, classifier):
    from napari_hemalens.errors import HemaLensError

    classifier.error = HemaLensError("no memory")
    told.start_demo()
    finish(runner)
    assert told.step is None
    assert told.steps[-2] == "classify"


def test_cells_that_somebody_analyses_otherwise_do_not_set_it_going(told, runner, recipe):
    image = told.viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="mine")
    told.sessions[0].start_run([image], recipe)
    finish(runner)
    assert told.steps == []


def test_the_sample_is_opened_once(monkeypatch, npe2pm, runner):
    monkeypatch.undo()
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        viewer = ViewerModel()
        image = demo._opened(viewer)
        assert image.name == "blood smear (rendered)"
        assert demo._opened(viewer) is image
        assert len(viewer.layers) == 2
