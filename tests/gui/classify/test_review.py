"""The viewer shows which cell a review has come to, and is as before once it ends."""

import numpy as np
import pytest

from napari_hemalens.gui.classify.layers import OPACITY
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

    def test_outlines_become_faces_again_once_it_ends(self, classified, viewer):
        classified.results.begin_review()
        classified.results.end_review()
        layer = viewer.layers[RESULT]
        assert (layer.contour, layer.opacity) == (0, OPACITY)
        assert {colour(layer, number)[3] for number in (4, 70_000)} == {255}


def test_why_keys_do_nothing_while_another_layer_is_active_is_said(classified, viewer):
    results, layer = classified.results, classified.results.current.layer
    assert results.status == ""
    results.begin_review()
    assert results.status == results.queue.status
    viewer.layers.selection.active = viewer.layers["smear"]
    assert results.status.endswith(f"click {layer.name!r} in the layer list.")
    viewer.layers.selection.active = layer
    assert results.status == results.queue.status
