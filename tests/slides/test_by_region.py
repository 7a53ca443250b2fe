import dask.array as da
import numpy as np
import pytest

from napari_hemalens.slides.by_region import ByRegion

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def level(asked):
    def read(rectangle):
        asked.append(rectangle)
        y0, x0, y1, x1 = rectangle
        return PIXELS[y0:y1, x0:x1]

    return ByRegion(PIXELS.shape, read)


@pytest.mark.parametrize(
    "index",
    [
        (slice(3, 9), slice(10, 50), slice(None)),
        (slice(None), slice(None)),
        (slice(0, 40, 3), slice(5, 60, 7), slice(0, 2)),
        (slice(5, 5), slice(0, 4), slice(None)),
        slice(30, 99),
        (slice(1, 4), slice(1, 4), 2),
    ],
)
def test_slices_give_what_an_array_gives(index):
    np.testing.assert_array_equal(level([])[index], PIXELS[index])


def test_no_more_than_the_rectangle_is_read():
    asked = []
    level(asked)[10:20, 30:35]
    assert asked == [(10, 30, 20, 35)]


def test_dask_takes_it_for_an_array():
    lazy = da.from_array(level([]), name=False)
    np.testing.assert_array_equal(lazy[7:33, 2:9].compute(), PIXELS[7:33, 2:9])
