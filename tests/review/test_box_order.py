"""Which cell a person looks at next."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.review.box_order import ReviewOrder
from napari_hemalens.review.boxes import ReviewedBoxes

NAMES = ("blast", "lymphocyte", "erythrocyte")
BOXES = np.array([[0, x, 9, x + 9] for x in range(0, 60, 10)], np.float32)
NAN = np.nan


@pytest.fixture
def field():
    """Six cells: a red cell, one below the score, and four of which the second and the last are unsure."""
    scores = [0.95, 0.9, 0.8, 0.7, 0.6, 0.2]
    cells = Detections.from_arrays(BOXES, scores, [2, 0, 0, 1, 1, 0], names=NAMES, image_shape=(9, 60))
    certain = np.array([NAN, 0.9, 0.8, 0.6, 0.7, 0.5], np.float32)
    naming = Naming.from_certainty(NAMES, cells.classes, certain, np.array([NAN, 0.1, 1.3, 0.2, 1.2, 9], np.float32))
    return ReviewedBoxes.from_run(replace(cells, naming=naming))


def walk(fields, steps):
    order, place, rows = ReviewOrder.of_fields(fields, 0.5), None, []
    for _ in range(steps):
        place = order.after(place)
        rows.append((place.field, place.row))
    return rows


def test_unsure_cells_come_first_and_then_those_of_the_least_certain_class(field):
    order = ReviewOrder.of_fields([field], 0.5)
    assert (len(order), order.unsure) == (4, 2)
    assert order.keys[:, 4].tolist() == [4, 2, 3, 1]


def test_as_long_as_there_are_unsure_cells_only_they_follow_each_other(field):
    assert walk([field], 3) == [(0, 4), (0, 2), (0, 4)]


def test_without_unsure_cells_the_first_follows_the_last(field):
    sure = field.with_classes(np.array([2, 4]), ["blast", "lymphocyte"])
    assert walk([sure], 3) == [(0, 3), (0, 1), (0, 3)]


def test_a_cell_that_was_named_meanwhile_still_has_its_place(field):
    place = ReviewOrder.of_fields([field], 0.5).after(None)
    left = ReviewOrder.of_fields([field.with_classes(np.array([4]), ["blast"])], 0.5)
    assert left.after(place).row == 2


def test_unsure_cells_are_walked_through_field_by_field(field):
    assert walk([field, field], 4) == [(0, 4), (0, 2), (1, 4), (1, 2)]


def test_a_deleted_cell_is_not_looked_at_and_a_moved_one_only_if_unsure(field):
    edited = field.without(np.array([3])).with_boxes(np.array([1, 2]), BOXES[[1, 2]] + 0.5)
    order = ReviewOrder.of_fields([edited], 0.5)
    assert order.keys[:, 4].tolist() == [4, 2]


def test_without_a_classifier_the_lowest_score_comes_first(field):
    plain = ReviewedBoxes.from_run(replace(field.cells, naming=None))
    assert ReviewOrder.of_fields([plain], 0.5).keys[:, 4].tolist() == [4, 3, 2, 1]


def test_where_every_cell_was_named_there_is_no_next_one(field):
    done = field.with_classes(np.arange(6), ["blast"] * 6)
    order = ReviewOrder.of_fields([done], 0.5)
    assert (len(order), order.after(None)) == (0, None)
    assert len(ReviewOrder.of_fields([], 0.5)) == 0
