"""Cells are reviewed one after the other, least certain first."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.review_queue import ReviewQueue


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
