"""A slide is read by region and level, and never outside either."""

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def pyramid(*sides):
    return from_array([np.zeros(side, dtype=np.uint8) for side in sides])


@pytest.mark.parametrize("region", [(0, 0, 40, 60), (39, 59, 40, 60), (5, 7, 6, 50)])
def test_a_region_is_what_the_array_has_there(region):
    y0, x0, y1, x1 = region
    np.testing.assert_array_equal(from_array(IMAGE).read(*region), IMAGE[y0:y1, x0:x1])


@pytest.mark.parametrize(
    "region", [(-1, 0, 5, 5), (0, -1, 5, 5), (0, 0, 41, 5), (0, 0, 5, 61), (5, 0, 5, 5), (0, 5, 5, 5), (9, 0, 3, 5)]
)
def test_a_region_outside_the_level_is_refused_rather_than_clipped(region):
    with pytest.raises(ImageError, match="smear, which is 40 x 60 pixels"):
        from_array(IMAGE, name="smear").read(*region)


def test_a_region_is_counted_in_pixels_of_its_level():
    slide = from_array([IMAGE, IMAGE[::2, ::2]])
    np.testing.assert_array_equal(slide.read(2, 3, 20, 30, level=1), IMAGE[4:40:2, 6:60:2])
    with pytest.raises(ImageError, match="level 1 of the image, which is 20 x 30"):
        slide.read(0, 0, 21, 30, level=1)


@pytest.mark.parametrize("level", [-1, 2])
def test_a_level_that_is_not_there_is_refused(level):
    with pytest.raises(ImageError, match=f"No level {level} in the image: it has 2"):
        from_array([IMAGE, IMAGE[::2, ::2]]).read(0, 0, 5, 5, level=level)


@pytest.mark.parametrize(
    ("sides", "factors"),
    [
        (((100, 80),), (1,)),
        (((100, 80), (50, 40), (25, 20)), (1, 2, 4)),
        (((101, 81), (50, 40)), (1, 2)),
        (((101, 81), (51, 41), (26, 21)), (1, 2, 4)),
        (((20000, 20003), (1250, 1251)), (1, 16)),
        (((100, 100), (66, 66)), (1, 100 / 66)),
    ],
)
def test_levels_stand_for_whole_factors_where_rounding_explains_the_rest(sides, factors):
    assert pyramid(*sides).downsamples == pytest.approx(factors)


@pytest.mark.parametrize(
    ("scale", "level"),
    [(2, 0), (1, 0), (0.51, 0), (0.5, 1), (0.3, 1), (0.25, 2), (0.2500001, 2), (0.26, 1), (0.01, 2)],
)
def test_the_best_level_is_the_coarsest_that_is_fine_enough(scale, level):
    assert pyramid((100, 100), (50, 50), (25, 25)).best_level(scale) == level


class Broken:
    shape = (10, 10)
    dtype = np.dtype(np.uint8)

    def __getitem__(self, region):
        raise RuntimeError("the disc is gone")


def test_what_goes_wrong_in_reading_names_the_image_and_the_place():
    with pytest.raises(ImageError, match=r"Cannot read y 1 to 4, x 2 to 5 of tray/7, level 0: the disc is gone"):
        from_array(Broken(), name="tray/7").read(1, 2, 4, 5)


def test_closing_what_is_in_memory_does_no_harm():
    with from_array(IMAGE) as slide:
        pass
    slide.close()
    assert slide.read(0, 0, 1, 1).shape == (1, 1, 3)
