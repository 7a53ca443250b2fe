import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.region import check_region

SLIDE = from_array(np.zeros((30, 50), dtype=np.uint8), name="a.tif")


@pytest.mark.parametrize(
    ("region", "inside"),
    [(None, (0, 0, 30, 50)), ((5, 6, 7, 8), (5, 6, 7, 8)), ((-5, -6, 99, 99), (0, 0, 30, 50))],
)
def test_a_region_is_what_lies_inside_the_slide(region, inside):
    assert check_region(region, SLIDE) == inside


@pytest.mark.parametrize("region", [(30, 0, 40, 10), (5, 5, 5, 9), (0, -9, 9, 0)])
def test_a_region_outside_the_slide_is_refused(region):
    with pytest.raises(ImageError, match=r"lies outside a\.tif, which is 30 x 50 pixels"):
        check_region(region, SLIDE)
