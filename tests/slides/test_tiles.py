"""Tiles cover the image, and cores share it out."""

from itertools import product

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.slides.tiles import Tile, plan

SHAPES = list(product((1, 2, 31, 63, 64, 65, 97, 128, 200), repeat=2))
SIZES = [(64, 0, 1), (64, 1, 1), (64, 16, 1), (64, 17, 1), (64, 56, 1), (64, 16, 8), (64, 16, 32), (50, 20, 16)]


@pytest.mark.parametrize(("tile", "overlap", "align"), SIZES)
def test_each_pixel_is_owned_by_exactly_one_tile_that_reads_it(tile, overlap, align):
    for shape in SHAPES:
        owners = np.zeros(shape, dtype=int)
        for t in plan(shape, tile=tile, overlap=overlap, align=align):
            y0, x0, y1, x1 = t.core
            assert t.y0 <= y0 < y1 <= t.y1
            assert t.x0 <= x0 < x1 <= t.x1
            owners[y0:y1, x0:x1] += 1
        assert np.all(owners == 1), shape


@pytest.mark.parametrize(("tile", "overlap", "align"), SIZES)
def test_all_tiles_are_alike_but_for_the_grid_and_inside_the_image(tile, overlap, align):
    for shape in SHAPES:
        tiles = plan(shape, tile=tile, overlap=overlap, align=align)
        sides = np.array([(t.y1 - t.y0, t.x1 - t.x0) for t in tiles])
        assert np.all(sides <= np.minimum(shape, tile)), shape
        assert np.all(sides.max(axis=0) - sides.min(axis=0) < align), shape
        assert min(t.y0 for t in tiles) == min(t.x0 for t in tiles) == 0
        assert (max(t.y1 for t in tiles), max(t.x1 for t in tiles)) == shape


@pytest.mark.parametrize(("tile", "overlap", "align"), SIZES)
def test_tiles_are_as_few_as_cover_the_image_and_no_longer(tile, overlap, align):
    step = (tile - overlap) // align * align
    for _, length in SHAPES:
        tiles = plan((1, length), tile=tile, overlap=overlap, align=align)
        assert len(tiles) == 1 + -(-max(length - tile, 0) // step)
        needed = length + (len(tiles) - 1) * (tile - step)  # what all of them read, with what neighbours share
        assert sum(t.x1 - t.x0 for t in tiles) < needed + len(tiles) * align


@pytest.mark.parametrize(("tile", "overlap", "align"), SIZES)
def test_a_pixel_is_seen_with_half_the_overlap_around_it(tile, overlap, align):
    for height, width in SHAPES:
        for t in plan((height, width), tile=tile, overlap=overlap, align=align):
            y0, x0, y1, x1 = t.core
            assert y0 - t.y0 >= overlap // 2 or t.y0 == y0 == 0
            assert x0 - t.x0 >= overlap // 2 or t.x0 == x0 == 0
            assert t.y1 - y1 >= overlap // 2 or t.y1 == y1 == height
            assert t.x1 - x1 >= overlap // 2 or t.x1 == x1 == width


def test_all_tiles_start_at_multiples_of_align():
    tiles = plan((500, 700), tile=128, overlap=40, align=32)
    for t in tiles:
        assert t.y0 % 32 == 0
        assert t.x0 % 32 == 0
    assert {t.x1 for t in tiles if t.x1 - t.x0 < 128} == {700}  # 700 - 128 is no multiple of 32


def test_an_image_that_fits_is_one_tile():
    assert plan((40, 64), tile=64, overlap=16) == (Tile(0, 0, 40, 64, core=(0, 0, 40, 64)),)


def test_tiles_that_move_on_by_one_pixel_still_partition_the_image():
    tiles = plan((8, 12), tile=8, overlap=7)
    assert [t.core for t in tiles] == [
        (0, 0, 8, 4),
        (0, 4, 8, 5),
        (0, 5, 8, 6),
        (0, 6, 8, 7),
        (0, 7, 8, 12),
    ]


def test_tiles_run_row_by_row_and_no_more_than_needed():
    tiles = plan((64, 160), tile=64, overlap=16)
    assert [(t.y0, t.x0) for t in tiles] == [(0, 0), (0, 48), (0, 96)]
    assert [t.core for t in tiles] == [(0, 0, 64, 56), (0, 56, 64, 104), (0, 104, 64, 160)]


@pytest.mark.parametrize(
    "options",
    [
        {"tile": 64, "overlap": 64},
        {"tile": 64, "overlap": 70},
        {"tile": 64, "overlap": -1},
        {"tile": 0, "overlap": 0},
        {"tile": 64, "overlap": 40, "align": 32},
        {"tile": 64, "overlap": 0, "align": 0},
    ],
)
def test_tiles_that_cannot_move_on_are_refused(options):
    with pytest.raises(RecipeError, match="cannot overlap by"):
        plan((100, 100), **options)
