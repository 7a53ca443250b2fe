"""Where a person is among the cells that nobody has named."""

import numpy as np
import pytest

from napari_hemalens.gui.detect.review_queue import ReviewQueue, Waiting

SCORE = 0.5


@pytest.fixture
def fields(named_session):
    return named_session.results.fields


@pytest.fixture
def queue():
    return ReviewQueue()


def name(fields, row, as_class):
    fields[0].cells = fields[0].cells.with_classes(np.array([row]), [as_class])


def test_what_is_left_shrinks_with_every_name(queue, fields):
    assert queue.waiting(fields, SCORE) == Waiting(cells=5, unsure=2)
    name(fields, 4, "blast")
    assert queue.waiting(fields, SCORE) == Waiting(cells=4, unsure=1)
    assert queue.waiting([], SCORE) == Waiting()


def test_it_goes_from_cell_to_cell_and_names_none_itself(queue, fields):
    assert [queue.advance(fields, SCORE)[1] for _ in range(3)] == [4, 1, 4]
    assert fields[0].cells.n_corrections == 0


def test_the_status_tells_what_the_network_says_and_what_became_of_it(queue, fields):
    assert queue.status(fields) == ""
    queue.advance(fields, SCORE)
    assert queue.status(fields) == "Cell 5: myelocyte (p 0.62), score 0.64, unsure"
    name(fields, 4, "plasma_cell")
    assert queue.status(fields) == "Cell 5: plasma cell, corrected"
    name(fields, 4, "myelocyte")
    assert queue.status(fields) == "Cell 5: myelocyte, accepted"
    fields[0].cells = fields[0].cells.without(np.array([4]))
    assert queue.status(fields) == ""


def test_nothing_is_said_of_a_field_that_was_cleared(queue, fields):
    queue.advance(fields, SCORE)
    assert queue.status([]) == ""
    assert queue.advance([], SCORE) is None
