"""The keys of a review."""

import numpy as np

from napari_hemalens.records.palette import colour_of

RESULT = "nuclei: micronucleus"


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


def press(layer, key):
    next(act for bound, act in layer.keymap.items() if str(bound) == key)(layer)


class TestReview:
    def test_keys_judge_accept_and_undo_and_go_when_the_review_does(self, classified, viewer):
        layer, results = viewer.layers[RESULT], classified.results
        assert len(layer.keymap) == 0
        results.begin_review()
        press(layer, "2")
        press(layer, "Space")
        assert results.current.reviewed.corrections == {70_000: "none", 9: "micronucleus"}
        press(layer, "U")
        press(layer, "Ctrl+Z")
        assert results.current.reviewed.corrections == {}
        assert results.queue.cell == 70_000
        press(layer, "9")  # no such class
        press(layer, "2")
        press(layer, "Escape")
        assert len(layer.keymap) == 0
        assert results.queue is None
        table = layer.features.set_index("index")
        assert table.loc[70_000, "corrected"] == "none"
        assert table.loc[70_000, "class"] == "micronucleus"  # what the classifier says stays
        assert colour(layer, 70_000) == rgb("none")
