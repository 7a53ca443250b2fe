"""A plan is geometry alone: it covers the region, goes through JSON, and can be shared out."""

import json

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import ImageError, RecipeError
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles, read_tile
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.slides.axes import from_array

TILED = DetectionRecipe(tile=256, overlap=96)
SLIDE = from_array(np.random.default_rng(0).integers(0, 255, (700, 900, 3), dtype=np.uint8))


def test_cores_cover_the_region_once_at_the_scale_of_the_card(card: DetectorCard) -> None:
    plan = plan_tiles(SLIDE, card, TILED, pixel_size_um=0.3, region=(100, 200, 400, 700))
    assert plan.scale == 2
    assert plan.shape == (600, 1000)
    covered = np.zeros(plan.shape, int)
    for tile in plan.tiles:
        y0, x0, y1, x1 = tile.core
        covered[y0:y1, x0:x1] += 1
        assert tile.y0 % card.stride == tile.x0 % card.stride == 0
    assert (covered == 1).all()


def test_a_plan_goes_through_json(card: DetectorCard) -> None:
    plan = plan_tiles(SLIDE, card, TILED, pixel_size_um=0.13, region=(3, 5, 411, 702))
    assert TilePlan.from_plain(json.loads(json.dumps(plan.to_plain()))) == plan


def test_shares_have_every_tile_once(card: DetectorCard) -> None:
    plan = plan_tiles(SLIDE, card, TILED)
    shares = [plan.share(n, 3) for n in range(3)]
    assert sorted(len(share.tiles) for share in shares) == [8, 8, 8]
    assert {tile for share in shares for tile in share.tiles} == set(plan.tiles)
    with pytest.raises(RecipeError, match="No share 3 of 3"):
        plan.share(3, 3)


def test_boxes_go_to_the_image_and_back(card: DetectorCard) -> None:
    plan = plan_tiles(SLIDE, card, TILED, pixel_size_um=0.3, region=(100, 200, 400, 700))
    boxes = np.array([[0, 0, 600, 1000], [10, 20, 50, 80]], np.float32)
    assert plan.to_level0(boxes).tolist() == [[100, 200, 400, 700], [105, 210, 125, 240]]
    np.testing.assert_allclose(plan.from_level0(plan.to_level0(boxes)), boxes)


def test_a_tile_shows_the_pixels_under_it(card: DetectorCard) -> None:
    plan = plan_tiles(SLIDE, card, TILED, pixel_size_um=0.3)
    tile = plan.tiles[-1]
    y0, x0, y1, x1 = (edge // 2 for edge in (tile.y0, tile.x0, tile.y1, tile.x1))
    np.testing.assert_array_equal(read_tile(SLIDE, plan, tile), SLIDE.read(y0, x0, y1, x1))


def test_a_region_outside_the_slide_is_refused(card: DetectorCard) -> None:
    with pytest.raises(ImageError, match="lies outside the image, which is 700 x 900 pixels"):
        plan_tiles(SLIDE, card, TILED, region=(700, 0, 800, 50))
