"""Nuclei that shine in the dark: faint beside bright, cut by the edge, none at all; micronuclei are left out."""

import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.progress import finish
from napari_hemalens.segmentation.fluorescence import fluorescence_steps

Y, X = np.mgrid[:200, :240]


def field(*nuclei):
    """Return a picture of nuclei, each given as y, x, radius and brightness, on noise."""
    grey = np.random.default_rng(0).normal(30, 1.5, Y.shape)
    for y, x, radius, bright in nuclei:
        grey += bright * (np.hypot(Y - y, X - x) <= radius)
    return grey.astype(np.float32)


def found(grey, size=None, **options):
    return finish(fluorescence_steps(grey, SegmentationRecipe(**options), size))


def test_a_faint_nucleus_beside_bright_ones_is_found():
    labels = found(field((50, 60, 16, 150), (60, 170, 16, 140), (150, 110, 16, 40)))
    assert labels.max() == 3
    assert labels[150, 110]


def test_a_micronucleus_is_left_out():
    labels = found(field((50, 60, 16, 120), (60, 170, 16, 120), (50, 82, 3, 120)))
    assert labels.max() == 2
    assert labels[50, 82] == 0


def test_a_nucleus_that_the_edge_cuts_may_be_smaller():
    cut = found(field((50, 60, 16, 120), (120, 170, 16, 120), (206, 110, 12, 120)))
    assert cut.max() == 3


def test_light_that_is_uneven_makes_no_nuclei():
    labels = found(field((50, 60, 16, 150), (150, 170, 16, 150)) + (X / 8).astype(np.float32))
    assert labels.max() == 2


@pytest.mark.parametrize("grey", [np.zeros((50, 50), np.float32), np.full((50, 50), 7, np.float32)])
def test_nothing_is_found_where_nothing_is(grey):
    assert found(grey).max() == 0


def test_sizes_in_micrometres_count_where_the_pixel_size_is_known():
    grey = field((50, 60, 16, 120), (60, 170, 16, 120), (150, 110, 22, 120))
    assert found(grey, 0.5, smallest_um=18).max() == 1
    assert found(grey, 0.5, largest_um=18).max() == 2
    assert found(grey, None, smallest_um=18).max() == 3
