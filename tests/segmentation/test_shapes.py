"""Holes, bridges, necks and convexity of masks."""

import numpy as np

from napari_hemalens.segmentation import shapes
from napari_hemalens.segmentation.cytoplasm import CONVEX

Y, X = np.mgrid[:80, :120]


def disc(y, x, radius):
    return np.hypot(Y - y, X - x) <= radius


def test_holes_below_an_area_are_filled_and_larger_ones_stay():
    ring = disc(40, 30, 20) & ~disc(40, 30, 4) | disc(40, 85, 25) & ~disc(40, 85, 15)
    whole = shapes.fill_holes(ring, 100)
    assert whole[40, 30]
    assert not whole[40, 85]


def test_what_is_thinner_than_a_disc_is_opened_away_and_the_rest_stays():
    mask = disc(40, 30, 20)
    thin = mask | (np.abs(Y - 40) <= 1) & (X > 30)
    opened = shapes.open_mask(thin, 5)
    assert not opened[40, 80]
    assert (opened == mask).mean() > 0.99


def test_a_body_is_split_at_a_narrow_neck_and_at_any_magnification():
    for scale in (1, 3):
        pair = np.kron(disc(40, 35, 16) | disc(40, 62, 16), np.ones((scale, scale))) > 0
        assert shapes.split(pair, 0.8).max() == 2
        assert shapes.split(pair, 0.2).max() == 1


def test_only_parts_that_hold_a_seed_are_kept():
    mask = disc(20, 20, 10) | disc(60, 100, 10)
    assert (shapes.touching(mask, disc(20, 20, 1)) == disc(20, 20, 10)).all()
    assert not shapes.touching(mask, np.zeros_like(mask)).any()


def test_ids_that_stay_are_numbered_without_gaps():
    labels = np.array([[0, 1, 2, 3]], dtype=np.int32)
    assert shapes.keep_labels(labels, np.array([True, False, True, True])).tolist() == [[0, 0, 1, 2]]


def test_a_disc_is_solid_and_a_pair_of_discs_is_less():
    assert shapes.solidity(disc(40, 40, 20)) > 0.95
    assert 0.8 < shapes.solidity(disc(40, 30, 15) | disc(40, 60, 15)) < CONVEX
    assert shapes.solidity(disc(40, 20, 8) | disc(40, 100, 8)) < 0.5


def test_the_typical_size_is_where_half_of_the_area_lies_below():
    assert shapes.typical(np.array([1.0, 10.0, 20.0]), np.array([1, 10, 10])) == 10
    assert shapes.typical(np.array([]), np.array([], dtype=np.int64)) == 0


def test_a_full_or_empty_mask_has_a_distance_too():
    full = np.ones((4, 6), dtype=bool)
    assert (shapes.distance_inside(full) == 6).all()
    assert (shapes.distance_to(~full) == 6).all()
