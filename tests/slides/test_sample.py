"""A sample of a level is limited, spread over it, and free of what is no number."""

import numpy as np

from napari_hemalens.slides.plane import Plane
from napari_hemalens.slides.sample import sample_pixels


def test_a_small_level_is_taken_whole():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert sample_pixels(Plane(grey, "YX")).ravel().tolist() == list(range(12))


def test_a_large_level_is_sampled_from_edge_to_edge():
    rows = np.broadcast_to(np.arange(5000, dtype=np.uint16)[:, None], (5000, 4000))
    seen = sample_pixels(Plane(rows, "YX"))
    assert len(seen) == 1 << 20
    assert (seen.min(), seen.max()) == (0, 4999)


def test_squares_are_averaged_where_noise_would_tell():
    noise = np.random.default_rng(0).normal(100, 10, (400, 400))
    assert sample_pixels(Plane(noise, "YX"), shrink=4).std() < 3
    assert len(sample_pixels(Plane(noise[:3], "YX"), shrink=4)) == 3 * 400  # too low for a square


def test_what_is_no_number_is_left_out():
    assert sample_pixels(Plane(np.array([[np.nan, 1.0], [np.inf, 2.0]]), "YX")).ravel().tolist() == [1, 2]
    assert sample_pixels(Plane(np.full((2, 2), np.nan), "YX")).tolist() == [[0]]
