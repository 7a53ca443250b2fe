"""Where the colours of a heatmap end."""

import numpy as np
import pytest

from napari_hemalens.figures.heat_scale import OF_PIXELS, drawn_as_hottest, scaled_to_drawn
from napari_hemalens.heatmaps.gradients import GRADIENTS


def spiky():
    """Return a heatmap of which half is 0, nearly all else 0.1, and one pixel 1."""
    heatmap = np.zeros((40, 50), np.float32)
    heatmap[:20] = 0.1
    heatmap[3, 4] = 1
    return heatmap


@pytest.mark.parametrize("method", sorted(OF_PIXELS))
def test_one_steep_pixel_does_not_make_the_others_transparent(method):
    assert drawn_as_hottest(method, spiky()) == pytest.approx(0.1)
    drawn = scaled_to_drawn(method, spiky())
    assert (drawn[:20] == 1).all()
    assert not drawn[20:].any()
    assert drawn.dtype == np.float32


@pytest.mark.parametrize("method", ["grad-cam", "layer-6", "occlusion"])
def test_smooth_maps_are_drawn_as_they_are(method):
    np.testing.assert_array_equal(scaled_to_drawn(method, spiky()), spiky())


def test_an_empty_heatmap_stays_empty():
    empty = np.zeros((4, 4), np.float32)
    assert drawn_as_hottest("saliency", empty) == 1
    np.testing.assert_array_equal(scaled_to_drawn("saliency", empty), empty)


def test_methods_of_single_pixels_are_all_gradients_but_occlusion():
    assert GRADIENTS.keys() - {"occlusion"} == OF_PIXELS
