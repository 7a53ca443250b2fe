"""Boxes that two lists have in common are found, one to one."""

import numpy as np
import pytest

from napari_hemalens.gui.detect.matching import matched


def boxes(*starts):
    near = np.array(starts, dtype=np.float32).reshape(-1, 1) * np.ones(2, dtype=np.float32)
    return np.concatenate([near, near + 8], axis=1)


@pytest.mark.parametrize(
    ("wanted", "shown", "places", "gone"),
    [
        ([1, 2, 3], [3, 9, 1], [2, 0], [1]),
        ([], [4, 5], [], [0, 1]),
        ([4, 5], [], [], []),
        ([7, 7], [7], [0], []),
        ([7], [7, 7], [0], [1]),
        ([-3, 0.01], [0, -3], [1, 0], []),
    ],
    ids=["another order", "none wanted", "none shown", "one of two shown", "one of two wanted", "closer than seen"],
)
def test_what_stays_is_told_in_the_order_shown_and_what_goes(wanted, shown, places, gone):
    found = matched(boxes(*wanted), boxes(*shown))
    assert [each.tolist() for each in found] == [places, gone]


def test_boxes_that_share_a_corner_are_not_the_same():
    one, other = boxes(5), boxes(5) + np.array([0, 0, 0, 1], dtype=np.float32)
    assert matched(one, other)[0].tolist() == []
