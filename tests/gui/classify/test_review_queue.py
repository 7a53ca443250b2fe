"""Cells are reviewed one after the other, least certain first."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.review_queue import ReviewQueue
from napari_hemalens.records.palette import colour_of

RESULT = "nuclei: micronucleus"


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


class TestReview:
    def test_it_begins_with_the_least_certain_cell_in_the_middle(self, classified, viewer):
        results = classified.results
        results.begin_review()
        layer = viewer.layers[RESULT]
        assert results.queue.cell == 70_000
        np.testing.assert_allclose(viewer.scene.camera.center[-2:], (31.95, 41.95), atol=0.1)
        assert viewer.layers.selection.active is layer
        assert (layer.contour, layer.opacity) == (1, 1)
        assert colour(layer, 70_000) == rgb("micronucleus")
        assert colour(layer, 4)[3] < 100

    def test_what_the_border_leaves_of_a_cell_does_not_fill_the_canvas(
        self, classifying, viewer, image, labels, runner, question
    ):
        labels[labels == 70_000] = 0
        labels[200:240, 599] = 70_000
        classifying.start_run(image, viewer.add_labels(labels, name="cut"), question)
        runner.run()
        classifying.results.begin_review()
        assert classifying.results.queue.cell == 70_000
        assert min(viewer.canvas.size) / viewer.scene.camera.zoom == pytest.approx(6 * 2 * 40 / np.sqrt(np.pi) * 0.1)

    def test_it_ends_after_the_last_cell_and_does_not_ask_twice(self, classified):
        results = classified.results
        results.begin_review()
        for _ in range(4):
            results.accept()
        assert results.queue is None
        results.begin_review()
        assert results.queue is None


class TestReviewLine:
    @pytest.mark.parametrize(
        ("threshold", "first", "words"),
        [
            (0.5, 0.51, "micronucleus (p 0.51)"),
            (0.59, 0.51, "none (p 0.49; micronucleus from 0.59 on)"),
            (0.59, 0.61, "micronucleus (p 0.61, called so from 0.59 on)"),
            (0.594, 0.5937, "none (p 0.4063; micronucleus from 0.5940 on)"),
        ],
    )
    def test_class_and_probability_do_not_contradict_each_other(self, scored, threshold, first, words):
        reviewed = scored.results.current.reviewed
        probabilities = np.array([[first, 1 - first]], np.float32)
        called = np.array([0 if first >= threshold else 1])
        cells = reviewed.cells
        one = replace(
            cells,
            ids=cells.ids[:1],
            probabilities=probabilities,
            classes=called,
            centres=cells.centres[:1],
            areas=cells.areas[:1],
        )
        assert words in ReviewQueue(replace(reviewed, cells=one), "micronucleus", threshold).status


def test_a_review_goes_through_shown_cells_and_n_passes_one_over(classified):
    results = classified.results
    results.choose(DisplayFilter(least_entropy=0.9))
    results.begin_review()
    assert len(results.queue) == 2
    assert results.queue.cell == 70_000
    results.look_at_next()
    assert (results.queue.cell, results.current.reviewed.n_corrections) == (9, 0)
    results.look_at_next()
    assert results.queue is None
