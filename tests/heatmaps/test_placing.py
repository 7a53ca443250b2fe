"""Heat of crops lies where the crops were cut, and the hotter one shows."""

import numpy as np
import pytest
import torch
import zarr

from napari_hemalens.heatmaps import placing
from napari_hemalens.heatmaps.placing import HeatmapPatch, blank_heatmap, merge_patch, place


def windows(*corners: tuple[float, float], width: float) -> np.ndarray:
    near = np.array(corners, dtype=np.float64)
    return np.concatenate([near, near + width], axis=1)


def random(number: int, side: int) -> torch.Tensor:
    return torch.rand(number, side, side, generator=torch.Generator().manual_seed(0))


def test_heat_of_a_crop_as_large_as_its_window_is_copied() -> None:
    heatmap, crops = blank_heatmap((40, 50)), random(1, 16)
    place(heatmap, crops, windows((3, 20), width=16))
    np.testing.assert_allclose(heatmap[3:19, 20:36], crops[0].numpy(), atol=1e-6)
    heatmap[3:19, 20:36] = 0
    assert not heatmap.any()


def test_samples_are_bilinear_at_the_centres_of_pixels() -> None:
    """A slope stays a slope, whatever the size of the crop and wherever between pixels its window begins."""
    side, width, (y0, x0) = 24, 57.3, (4.6, 7.9)
    centres = (torch.arange(side) + 0.5) / side
    crop = (centres[:, None] + 0 * centres)[None]
    heatmap = blank_heatmap((80, 80))
    place(heatmap, crop, windows((y0, x0), width=width))
    rows = np.arange(8, 58)  # half a sample from the edge, beyond which the outermost value goes on
    np.testing.assert_allclose(heatmap[rows, 30], (rows + 0.5 - y0) / width, atol=1e-5)


def test_cells_overlap_by_maximum_in_any_order() -> None:
    crops, where = random(6, 16), windows(*((2.3 * n, 3.1 * n) for n in range(6)), width=16.5)
    together, alone = blank_heatmap((40, 40)), []
    place(together, crops, where)
    for crop, window in zip(crops, where, strict=True):
        alone.append(blank_heatmap((40, 40)))
        place(alone[-1], crop[None], window[None])
    np.testing.assert_array_equal(together, np.max(alone, axis=0))
    backwards = blank_heatmap((40, 40))
    place(backwards, crops.flip(0), where[::-1])
    np.testing.assert_array_equal(backwards, together)


@pytest.mark.parametrize("corner", [(-5, 10), (30, 30), (-10, -12), (33, -4), (-100, 5), (5, 400)])
def test_what_lies_beyond_the_image_is_left_out(corner: tuple[int, int]) -> None:
    crops, wide = random(1, 16), blank_heatmap((300, 600))
    place(wide, crops, windows((corner[0] + 120, corner[1] + 120), width=16))
    heatmap = blank_heatmap((40, 40))
    place(heatmap, crops, windows(corner, width=16))
    np.testing.assert_allclose(heatmap, wide[120:160, 120:160], atol=1e-6)


def test_a_shifted_window_gives_shifted_heat() -> None:
    crops, heatmap, moved = random(2, 20), blank_heatmap((60, 60)), blank_heatmap((60, 60))
    where = windows((3.4, 5.7), (11.2, 9.9), width=31.7)
    place(heatmap, crops, where)
    place(moved, crops, where + np.array([7, 4, 7, 4]))
    np.testing.assert_allclose(moved[7:, 4:], heatmap[:-7, :-4], atol=1e-5)


def test_a_crop_finer_than_the_image_loses_no_heat_between_its_samples() -> None:
    crops = torch.zeros(1, 128, 128)
    crops[0, 42, 50] = 1
    heatmap = blank_heatmap((20, 20))
    place(heatmap, crops, windows((2, 2), width=16))
    assert np.unravel_index(heatmap.argmax(), heatmap.shape) == (2 + 42 * 16 // 128, 2 + 50 * 16 // 128)


def test_many_crops_in_parts_are_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    crops, where = random(9, 16), windows(*((4 * n, 3 * n) for n in range(9)), width=18)
    whole, parts = blank_heatmap((60, 60)), blank_heatmap((60, 60))
    place(whole, crops, where)
    monkeypatch.setattr(placing, "_AT_ONCE", 2 * 18**2)
    place(parts, crops, where)
    np.testing.assert_array_equal(parts, whole)


def test_no_crops_leave_the_image_cold() -> None:
    heatmap = blank_heatmap((8, 8))
    place(heatmap, torch.zeros(0, 4, 4), np.zeros((0, 4)))
    assert not heatmap.any()


def test_of_a_huge_image_only_chunks_with_heat_take_memory() -> None:
    heatmap, crops, small = blank_heatmap((200_000, 200_000)), random(1, 16), blank_heatmap((40, 50))
    assert isinstance(heatmap, zarr.Array)
    place(heatmap, crops, windows((150_003, 20), width=16))
    place(small, crops, windows((3, 20), width=16))
    np.testing.assert_array_equal(heatmap[150_000:150_040, :50], small)
    assert heatmap.nchunks_initialized == 1
    assert not heatmap[:40, :50].any()


def test_parts_of_a_heatmap_are_laid_together_as_the_whole() -> None:
    crops, where = random(6, 16), windows(*((2.3 * n - 5, 3.1 * n) for n in range(6)), width=16.5)
    whole, joined = blank_heatmap((24, 30)), blank_heatmap((24, 30))
    place(whole, crops, where)
    for part in (slice(3, 6), slice(0, 3)):
        patch = HeatmapPatch(where[part], (24, 30))
        place(patch, crops[part], where[part])
        assert patch.values.size < whole.size
        merge_patch(joined, patch.values, patch.corner)
    np.testing.assert_array_equal(joined, whole)
