"""Records and layers of classified cells are kept equal, and corrections outlive another run."""

import numpy as np

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.records.palette import colour_of

CELLS = (4, 7, 9, 70_000)
RESULT = "nuclei: micronucleus"


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


def press(layer, key):
    next(act for bound, act in layer.keymap.items() if str(bound) == key)(layer)


class TestRun:
    def test_the_cells_give_way_to_their_classes_and_return_when_those_go(self, classified, viewer, nuclei):
        assert not nuclei.visible
        viewer.layers.remove(RESULT)
        assert nuclei.visible

    def test_what_left_the_viewer_with_its_image_holds_no_memory(self, classified, viewer, nuclei):
        state = classified.results.current
        viewer.layers.remove(RESULT)
        assert classified.results.states == [state]  # another run brings the words of a person back
        viewer.layers.clear()
        assert classified.results.states == []
        assert classified.results.current is None

    def test_partial_results_are_shown_and_a_second_run_is_refused(
        self, classifying, viewer, image, nuclei, runner, question, classifier
    ):
        classifying.start_run(image, nuclei, question)
        classifying.start_run(image, nuclei, question)
        classifying.segment(image, SegmentationRecipe())
        assert len(runner.jobs) == 1
        for _ in range(3):
            runner.step()
        layer = viewer.layers[RESULT]
        assert tuple(layer.features["index"]) == CELLS[:2]
        assert colour(layer, 9)[:3] == (128, 128, 128)  # not looked at yet
        runner.run()
        assert tuple(layer.features["index"]) == CELLS
        assert len(classifier.asked) == 1

    def test_every_task_has_one_layer_which_its_runs_share(self, classified, viewer, image, nuclei, runner, question):
        layer = viewer.layers[RESULT]
        classified.start_run(image, nuclei, question)
        runner.run()
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", RESULT]
        assert viewer.layers[RESULT] is layer


class TestReview:
    def test_judgements_are_counted_and_outlive_another_run(self, classified, viewer, image, nuclei, runner, question):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        assert ("Micronucleated nuclei", "3") in classified.report.read().rows
        classified.start_run(image, nuclei, question)
        runner.step()
        results.begin_review()
        assert results.queue is None  # not while a run goes on
        runner.run()
        assert viewer.layers[RESULT].features.set_index("index").loc[70_000, "corrected"] == "none"
        assert classified.corrections(image, nuclei, question) == 1
        classified.start_run(image, nuclei, question, keep_corrections=False)
        runner.run()
        assert classified.corrections(image, nuclei, question) == 0

    def test_how_many_are_left_counts_what_is_shown_and_nobody_named(self, classified):
        results = classified.results
        assert results.waiting == 4
        results.begin_review()
        results.press("2")
        assert results.waiting == 3
        results.choose(DisplayFilter("none"))
        assert results.waiting == 0

    def test_judgements_outlive_a_stopped_run(self, classified, image, nuclei, runner, question):
        results = classified.results
        results.begin_review()
        results.press("2")
        classified.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        classified.stop()
        assert results.current.reviewed.corrections == {70_000: "none"}

    def test_a_layer_deleted_in_a_review_ends_it(self, classified, viewer):
        classified.results.begin_review()
        viewer.layers.remove(RESULT)
        assert classified.results.queue is None
        assert classified.results.counted == ()
        assert classified.report.read().rows == ()
