"""Parts that together are convex are one cell."""

import numpy as np

from napari_hemalens.segmentation.joining import join_by_body, join_by_convexity

Y, X = np.mgrid[:80, :120]


def halves(mask, at):
    """Return a mask cut in two along a column."""
    return np.where(mask, 1 + (at < X), 0).astype(np.int32)


def disc(y, x, radius):
    return np.hypot(Y - y, X - x) <= radius


def test_two_halves_of_a_disc_are_one_cell():
    joined = join_by_convexity(halves(disc(40, 50, 20), 50), convex=0.9, smallest=10, largest=60)
    assert len(np.unique(joined)) == 2


def test_two_discs_side_by_side_stay_two():
    pair = disc(40, 35, 16) | disc(40, 66, 16)
    joined = join_by_convexity(halves(pair, 50), convex=0.9, smallest=10, largest=80)
    assert len(np.unique(joined)) == 3


def test_a_piece_too_small_for_a_cell_joins_its_neighbour():
    mask = disc(40, 40, 20) | disc(40, 63, 5)
    parts = halves(mask, 59)
    assert len(np.unique(join_by_convexity(parts, convex=0.97, smallest=2, largest=80))) == 3
    assert len(np.unique(join_by_convexity(parts, convex=0.97, smallest=15, largest=80))) == 2


def test_nothing_is_joined_into_more_than_a_cell():
    joined = join_by_convexity(halves(disc(40, 50, 20), 50), convex=0.9, smallest=10, largest=30)
    assert len(np.unique(joined)) == 3


def test_parts_that_do_not_touch_are_no_pair():
    parts = np.where(disc(40, 20, 8), 1, np.where(disc(40, 90, 8), 2, 0)).astype(np.int32)
    assert len(np.unique(join_by_convexity(parts, convex=0.1, smallest=10, largest=200))) == 3


def test_parts_of_one_convex_body_are_one_and_those_of_two_bodies_stay():
    mask = disc(40, 25, 16) | disc(40, 85, 16)
    parts = np.where(X < 55, halves(mask, 25), np.where(mask, 3, 0)).astype(np.int32)
    joined = join_by_body(parts, mask, neck=0.8, convex=0.9, largest=60)
    assert len(np.unique(joined[disc(40, 25, 16)])) == 1
    assert len(np.unique(joined)) == 3
