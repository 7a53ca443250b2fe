"""What layers show is put together and taken apart, box by box."""

import numpy as np
from tests.gui.conftest import found

from napari_hemalens.gui.detect.shown import joined, shown_as, without


def test_parts_become_one_and_what_goes_leaves_the_others_as_they_were():
    cells = found(5)
    parts = [shown_as(cells.take(rows), rows, cells.boxes[rows]) for rows in (np.array([4, 0]), np.array([2, 1, 3]))]
    whole = joined(parts)
    assert whole.rows.tolist() == [4, 0, 2, 1, 3]
    rest = without(whole, np.array([1, 3]))
    assert rest.rows.tolist() == [4, 2, 3]
    np.testing.assert_array_equal(rest.boxes, cells.boxes[[4, 2, 3]])
    assert rest.names.tolist() == cells.class_names[[4, 2, 3]].tolist()


def test_no_parts_are_nothing_shown():
    assert [each.shape for each in (joined([]).rows, joined([]).boxes, joined([]).names)] == [(0,), (0, 4), (0,)]
