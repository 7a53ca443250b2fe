"""Maps are brought to a size and into 0-1 without being bent."""

import numpy as np
import torch
from scipy import ndimage

from napari_hemalens.heatmaps.scaling import resized, smoothed, unit


def test_each_map_reaches_from_zero_to_one_by_itself() -> None:
    maps = torch.stack([torch.arange(16.0).view(4, 4), 5 + 100 * torch.arange(16.0).view(4, 4)])
    torch.testing.assert_close(unit(maps), maps[:1].expand(2, 4, 4) / 15)


def test_a_map_that_is_flat_but_for_rounding_is_cold() -> None:
    flat = torch.full((1, 3, 3), 7.0)
    flat[0, 1, 1] += 1e-6
    assert unit(flat).eq(0).all()
    assert unit(torch.zeros(1, 3, 3)).eq(0).all()


def test_smoothing_is_a_gaussian_that_goes_on_beyond_the_edge() -> None:
    maps = torch.rand(2, 20, 20, generator=torch.Generator().manual_seed(0))
    expected = [ndimage.gaussian_filter(each.numpy(), 2, mode="nearest", truncate=3) for each in maps]
    np.testing.assert_allclose(smoothed(maps, 2).numpy(), np.stack(expected), atol=1e-6)
    assert smoothed(maps, 0) is maps


def test_a_gaussian_may_be_wider_than_the_map() -> None:
    torch.testing.assert_close(smoothed(torch.ones(1, 4, 4), 20), torch.ones(1, 4, 4))


def test_half_floats_come_back_as_float32() -> None:
    assert resized(torch.rand(1, 2, 2).half(), 8).dtype == torch.float32
