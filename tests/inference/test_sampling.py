"""Windows are sampled as torchvision's RoIAlign samples them."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import roi_align

from napari_hemalens.inference.sampling import sampled

SIDE = 24


@pytest.fixture(scope="module")
def area() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (1, 3, 90, 160))).float()


def by_torchvision(area: Tensor, windows: NDArray[np.float64], side: int) -> Tensor:
    boxes = torch.from_numpy(windows).float()[:, [1, 0, 3, 2]]  # y, x to torchvision's x, y
    return roi_align(area, [boxes], side, sampling_ratio=-1, aligned=True)


def windows_of(width: float, count: int) -> NDArray[np.float64]:
    corners = np.random.default_rng(1).uniform(1, 89 - width, (count, 2))
    return np.concatenate([corners, corners + width], axis=1)


@pytest.mark.parametrize("width", [7.3, 23.9, 24.1, 47.9, 71.9])
def test_windows_of_any_size_are_those_of_torchvision(area: Tensor, width: float) -> None:
    windows = windows_of(width, 11)
    assert torch.allclose(sampled(area, windows, SIDE), by_torchvision(area, windows, SIDE), atol=0.01)


def test_windows_of_several_sizes_keep_their_order(area: Tensor) -> None:
    windows = np.concatenate([windows_of(width, 3) for width in (60, 10, 30, 60)])
    assert torch.allclose(sampled(area, windows, SIDE), by_torchvision(area, windows, SIDE), atol=0.01)


def test_a_window_too_large_for_once_is_sampled_in_strips(area: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = windows_of(71.9, 2)
    at_once = sampled(area, windows, SIDE)
    monkeypatch.setattr("napari_hemalens.inference.sampling._SAMPLES", 7 * SIDE * 9)  # seven rows: 24 is no multiple
    assert torch.allclose(sampled(area, windows, SIDE), at_once, atol=1e-3)


def test_a_window_of_whole_pixels_shows_them_as_they_are(area: Tensor) -> None:
    shown = sampled(area, np.array([[10.0, 30, 34, 54]]), SIDE)
    assert torch.allclose(shown, area[:, :, 10:34, 30:54], atol=0.01)


def test_a_window_shows_the_same_beside_others(area: Tensor) -> None:
    windows = windows_of(37.2, 6)
    alone = sampled(area[..., 1:], windows[4:5] - (0, 1, 0, 1), SIDE)  # of an image that begins elsewhere
    assert torch.allclose(alone, sampled(area, windows, SIDE)[4:5], atol=1e-4)


def test_beyond_the_border_it_is_as_on_the_border(area: Tensor) -> None:
    shown = sampled(area, np.array([[-30.0, 20, -6, 44]]), SIDE)
    assert torch.allclose(shown, area[:, :, :1, 20:44].expand(-1, -1, SIDE, -1), atol=1e-3)


def test_no_windows_show_nothing(area: Tensor) -> None:
    assert sampled(area, np.empty((0, 4)), SIDE).shape == (0, 3, SIDE, SIDE)
