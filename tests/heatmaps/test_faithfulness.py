"""Measures of heat, on maps and crops whose figures can be told by hand."""

import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.heatmaps.faithfulness import (
    area,
    around,
    hits,
    near,
    order_patches,
    rank_correlation,
    remove_patches,
    share_inside,
)

SMEAR = CropRecipe(neighbours="masks")  # red, green, blue and two masks
NUCLEI = CropRecipe(neighbours="masks", light="fluorescence")  # grey and two masks


def marked(*spots: tuple[int, int], side: int = 20) -> np.ndarray:
    marks = np.zeros((1, side, side), dtype=bool)
    for spot in spots:
        marks[(0, *spot)] = True
    return marks


def test_reach_is_in_pixels_of_the_original_image() -> None:
    marks = marked((10, 10))
    y, x = np.mgrid[:20, :20]
    away = np.hypot(y - 10, x - 10)
    np.testing.assert_array_equal(near(marks, 1.0, 5)[0], away <= 5)
    np.testing.assert_array_equal(near(marks, 2.0, 5)[0], away <= 2.5)  # each pixel of the crop is two of the image


def test_nothing_is_near_what_lies_outside_the_crop() -> None:
    assert not near(marked(), 1.0).any()
    assert hits(np.ones((1, 20, 20), np.float32), near(marked(), 1.0)).tolist() == [0]


def test_the_ring_is_one_diameter_wide_and_leaves_the_nucleus_out() -> None:
    y, x = np.mgrid[:61, :61]
    nucleus = np.hypot(y - 30, x - 30) <= 6
    diameter = 2 * np.sqrt(nucleus.sum() / np.pi)
    ring = around(nucleus[None])[0]
    assert not (ring & nucleus).any()
    row = np.flatnonzero(ring[30])
    assert row.max() - 36 == np.floor(diameter)
    assert not around(np.zeros((1, 9, 9), bool)).any()


def test_a_map_hot_on_the_mark_hits_and_one_hot_elsewhere_misses() -> None:
    places = near(marked((5, 5), (15, 15)), 1.0, 2)
    heatmaps = np.zeros((1, 20, 20), np.float32)
    heatmaps[0, 15, 16] = 0.4
    assert hits(heatmaps, places).tolist() == [1]
    heatmaps[0, 10, 10] = 0.5
    assert hits(heatmaps, places).tolist() == [0]


def test_equally_hot_pixels_share_the_hit() -> None:
    places = near(marked((5, 5)), 1.0, 2)  # 13 pixels
    assert hits(np.full((1, 20, 20), 0.3, np.float32), places)[0] == pytest.approx(13 / 400)
    assert hits(np.zeros((1, 20, 20), np.float32), places)[0] == pytest.approx(13 / 400)
    heatmaps = np.zeros((1, 20, 20), np.float32)
    heatmaps[0, 5, 5] = heatmaps[0, 0, 19] = heatmaps[0, 19, 0] = 1
    assert hits(heatmaps, places)[0] == pytest.approx(1 / 3)


def test_heat_inside_is_a_share_of_all_heat() -> None:
    heatmaps = np.zeros((2, 20, 20), np.float32)
    heatmaps[0, 5, 5], heatmaps[0, 0, 0] = 0.75, 0.25
    np.testing.assert_allclose(share_inside(heatmaps, np.repeat(marked((5, 5)), 2, axis=0)), [0.75, 0])


def test_patches_are_ordered_by_their_mean_also_smaller_ones_at_the_edge() -> None:
    heatmaps = np.zeros((1, 5, 5), np.float32)
    heatmaps[0, 4, 4] = 1.0  # alone in its patch of 1 x 1
    heatmaps[0, :2, :2] = 0.5
    heatmaps[0, 0, 2] = 0.4  # a quarter of that in the mean
    places = order_patches(heatmaps, 2, np.random.default_rng(0))
    assert places.shape == (1, 3, 3)
    assert places[0, 2, 2] == 0
    assert places[0, 0, 0] == 1
    assert places[0, 0, 1] == 2
    assert sorted(places.ravel().tolist()) == list(range(9))


def test_patches_that_are_equally_hot_go_in_an_order_of_chance() -> None:
    flat = np.ones((1, 8, 8), np.float32)
    first = order_patches(flat, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(first, order_patches(flat, 2, np.random.default_rng(0)))
    assert (first != order_patches(flat, 2, np.random.default_rng(1))).any()
    assert (np.diff(first.ravel()) != 1).any()


def test_what_is_removed_is_light_alone_and_a_share_of_the_patches() -> None:
    pixels = torch.full((1, 5, 5, 5), 100, dtype=torch.uint8)
    places = np.arange(9).reshape(1, 3, 3)
    left = remove_patches(pixels, places, 3 / 9, patch=2, crop=SMEAR)
    expected = torch.full((5, 5), 100, dtype=torch.uint8)
    expected[:2] = 255  # the first three patches: both rows of pixels
    torch.testing.assert_close(left[0, :3], expected.expand(3, 5, 5))
    assert (left[:, 3:] == 100).all()
    assert (pixels == 100).all()
    assert torch.equal(remove_patches(pixels, places, 0, patch=2, crop=NUCLEI), pixels)


def test_the_score_falls_at_once_where_the_map_points_at_the_cause() -> None:
    shares = (0.0, 0.25, 0.5)
    pixels = torch.full((1, 1, 4, 4), 0, dtype=torch.uint8)
    pixels[0, 0, 3, 3] = 204  # all that the toy network looks at: it says 0.8

    def said(heatmap: np.ndarray) -> float:
        places = order_patches(heatmap, 2, np.random.default_rng(0))
        scores = [
            remove_patches(pixels, places, share, patch=2, crop=NUCLEI)[:, 0, 3, 3].numpy() / 255 for share in shares
        ]
        return float(area(np.stack(scores).astype(np.float64), shares)[0])

    right, wrong = np.zeros((1, 4, 4), np.float32), np.zeros((1, 4, 4), np.float32)
    right[0, 3, 3] = 1
    wrong[0, :2, :2], wrong[0, :2, 2:] = 1, 0.5
    assert said(right) == pytest.approx(0.8 / 4)  # 0.8, 0, 0 by the trapezoid rule
    assert said(wrong) == pytest.approx(0.8)


def test_the_area_minds_that_shares_are_not_evenly_spread() -> None:
    scores = np.array([[1.0], [0.5], [0.0]])
    assert area(scores, (0, 0.1, 1))[0] == pytest.approx(0.1 * 0.75 + 0.9 * 0.25)


def test_ranks_of_maps_are_compared_and_a_flat_map_is_like_no_other() -> None:
    rng = np.random.default_rng(0)
    maps = rng.random((1, 10, 10)).astype(np.float32)
    assert rank_correlation(maps, maps**3)[0] == pytest.approx(1)
    assert rank_correlation(maps, 1 - maps)[0] == pytest.approx(-1)
    assert rank_correlation(maps, np.zeros_like(maps)).tolist() == [0]
    first, second = (np.array([values], np.float32).reshape(1, 2, 2) for values in ([1, 2, 3, 4], [1, 3, 2, 4]))
    assert rank_correlation(first, second)[0] == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
