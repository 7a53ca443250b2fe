"""Pictures of explained cells, without a window."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.figures.heatmaps import (
    Style,
    cell_picture,
    extremes,
    gallery,
    heatmap_colours,
    overlay_heatmap,
    resize_square,
)
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.explained import Explained

GREY = 200


def some(count=10, method="grad-cam", first=1):
    """Return cells that are ever less certain, with grey crops whose left half is hot."""
    positive = np.linspace(0.99, 0.5, count, dtype=np.float32)
    heatmaps = np.zeros((count, 16, 16), np.float32)
    heatmaps[:, :, :8] = 1
    cells = Classified(
        ids=np.arange(first, first + count),
        probabilities=np.stack([positive, 1 - positive], axis=1),
        classes=np.zeros(count, np.int64),
        names=("micronucleus", "none"),
        centres=np.zeros((count, 2)),
        areas=np.ones(count, np.int64),
        image_shape=(100, 100),
    )
    return Explained(
        heatmap=None,
        cells=cells,
        method=method,
        target="predicted",
        targets=cells.classes,
        crops=np.full((count, 16, 16, 3), GREY, np.uint8),
        crop_heatmaps=heatmaps,
        windows=np.zeros((count, 4)),
    )


def pixels(picture):
    return np.asarray(picture.convert("RGB")).astype(int)


def test_a_crop_without_heat_is_unchanged_and_the_hottest_is_covered():
    crop = np.full((4, 4, 3), GREY, np.uint8)
    np.testing.assert_array_equal(overlay_heatmap(crop, np.zeros((4, 4), np.float32)), crop)
    hot = overlay_heatmap(crop, np.ones((4, 4), np.float32), opaque=0.5)[0, 0]
    np.testing.assert_allclose(hot, 0.5 * GREY + 0.5 * 255 * heatmap_colours()[-1, :3], atol=1)


def test_a_single_steep_pixel_does_not_hide_the_rest_of_a_cell():
    spiky = some(1, "guided-grad-cam")
    spiky.crop_heatmaps[:] *= 0.05
    spiky.crop_heatmaps[0, 0, 0] = 1
    smooth = replace(spiky, method="grad-cam")
    seen, slopes, map_ = np.split(pixels(cell_picture([spiky, smooth], 1, width=630))[20:180], (210, 420), axis=1)
    left = slice(20, 80)
    assert np.abs(slopes[:, left] - seen[:, left]).max() > 20
    assert np.abs(map_[30:, left] - seen[30:, left]).max() < 12


def test_no_cell_is_among_the_most_and_the_least_certain_at_once():
    most, least = extremes(some(10).cells, 3)
    assert (most.tolist(), least.tolist()) == ([0, 1, 2], [9, 8, 7])
    most, least = extremes(some(3).cells, 8)
    assert (most.tolist(), least.tolist()) == ([0, 1], [2])


def test_one_cell_is_shown_as_it_was_seen_and_then_by_each_method():
    picture = pixels(cell_picture([some(), some(method="occlusion")], 3, width=312))
    tile = (312 - 12) // 3
    middle = picture[tile // 2]
    np.testing.assert_array_equal(middle[5], [GREY] * 3)
    for start in (tile + 6, 2 * (tile + 6)):
        assert np.ptp(middle[start + 5]) > 60  # hot
        np.testing.assert_allclose(middle[start + tile - 5], [GREY] * 3, atol=2)


def test_a_cell_that_a_method_has_not_explained_leaves_its_tile_empty():
    picture = pixels(cell_picture([some(3), some(3, "occlusion", first=50)], 2, width=312))
    assert (picture[50, 220:300] == 255).all()
    assert (picture[50, :100] == GREY).all()


def test_more_methods_than_fit_take_another_row_without_cut_names():
    few = cell_picture([some()], 1, width=300)
    many = cell_picture([some()] * 5, 1, titles=["Features of the second block, unweighted"] * 5, width=300)
    assert many.width == few.width == 300
    tile = (300 - 12) // 3
    rows = np.flatnonzero((pixels(many) != 255).any(axis=(1, 2)))
    assert rows.max() > 2 * tile
    below = pixels(cell_picture([some()], 1, titles=["W" * 9 + " " + "W" * 9], width=300))
    assert (below[-4:] == 255).all()  # of the last line, nothing lies at the edge


@pytest.mark.parametrize("methods", [1, 2, 9])
def test_a_gallery_keeps_its_width_however_many_methods_it_compares(methods):
    results = [some(method=f"m{i}") for i in range(methods)]
    picture = gallery(results, 4, width=400, tile=50, words="where it comes from").picture
    assert picture.width == 400
    seen = pixels(picture)
    assert (seen == GREY).all(axis=-1).sum() > 8 * 30 * 30  # of every cell the crop


def test_a_gallery_knows_which_cell_lies_where():
    shown = gallery([some(8)], 2, width=300, tile=40)
    assert len(shown.places) == 4
    for number, (x0, y0, x1, y1) in shown.places.items():
        assert shown.cell_at(x0, y0) == shown.cell_at(x1 - 1, y1 - 1) == number
        assert (pixels(shown.picture)[y0 + 5, x0 + 5] == GREY).all()  # its crop
    x1, y1 = np.max([place[2:] for place in shown.places.values()], axis=0)
    assert shown.cell_at(x1, y1 - 1) is None
    assert shown.cell_at(0, 0) is None


def test_a_gallery_of_more_cells_is_higher():
    assert gallery([some()], 1, width=300).picture.height < gallery([some()], 5, width=300).picture.height


def test_on_no_ground_nothing_is_drawn_but_letters_and_tiles():
    picture = np.asarray(cell_picture([some()], 1, style=Style("#ff0000", None), width=300))
    assert picture.shape[2] == 4
    assert (picture[..., 3] == 0).any()
    below = picture[150:]
    np.testing.assert_array_equal(below[below[..., 3] == 255][:, :3].max(axis=0), [255, 0, 0])


def test_small_pictures_keep_their_range_and_kind():
    crop = np.arange(3 * 64, dtype=np.uint8).reshape(8, 8, 3)
    assert resize_square(crop, 5).dtype == np.uint8
    heatmap = resize_square(np.eye(8, dtype=np.float32), 20)
    assert (heatmap.dtype, heatmap.shape) == (np.float32, (20, 20))
    assert 0 <= heatmap.min() <= heatmap.max() <= 1
    assert resize_square(crop, 8) is crop


def test_the_first_result_says_which_cells_there_are():
    results = some(4)
    others = replace(some(4), cells=some(4, first=100).cells)
    seen = pixels(gallery([results, others], 4, width=400).picture)
    assert (seen == GREY).all(axis=-1).any()
