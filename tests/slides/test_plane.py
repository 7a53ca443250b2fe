"""One frame of an array, whatever the order of its axes."""

import numpy as np
import pytest

from napari_hemalens.slides.plane import Plane


@pytest.mark.parametrize(("axes", "order"), [("TYXC", (0, 1, 2, 3)), ("CTXY", (3, 0, 2, 1)), ("YCXT", (1, 3, 2, 0))])
def test_a_region_comes_as_rows_columns_and_channels(axes, order):
    frames = np.random.default_rng(0).integers(0, 255, (2, 5, 7, 3), dtype=np.uint8)
    plane = Plane(frames.transpose(order), axes, "C", {"T": 1})
    assert plane.shape == (5, 7, 3)
    assert plane.dtype == np.uint8
    np.testing.assert_array_equal(plane[1:4, 2:6], frames[1, 1:4, 2:6])


def test_grey_has_one_channel():
    grey = np.arange(12.0).reshape(3, 4)
    plane = Plane(grey, "YX")
    assert plane.shape == (3, 4, 1)
    np.testing.assert_array_equal(plane[0:3, 1:2][..., 0], grey[:, 1:2])


def test_no_more_is_read_than_what_is_asked_for():
    asked = []

    class Source:
        shape, dtype = (9, 100, 200), np.uint8

        def __getitem__(self, key):
            asked.append(key)
            return np.zeros((10, 20), np.uint8)

    plane = Plane(Source(), "ZYX", frame={"Z": 4})
    plane[5:15, 30:50]
    assert asked == [(4, slice(5, 15), slice(30, 50))]


@pytest.mark.parametrize("axes", ["CYX", "YXC", "YCX"])
def test_one_channel_is_read_alone(axes):
    cyx = np.random.default_rng(0).integers(0, 255, (5, 6, 7), dtype=np.uint8)
    plane = Plane(cyx.transpose(["CYX".index(axis) for axis in axes]), axes, "C", light=3)
    assert (plane.shape, plane.stored_channels) == ((6, 7, 1), 5)
    np.testing.assert_array_equal(plane[1:5, 2:6][..., 0], cyx[3, 1:5, 2:6])


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.bool_])
def test_a_weighted_sum_of_channels_keeps_their_type_and_range(kind):
    rgba = np.array([[[0, 1, 1, 1], [1, 1, 1, 0]]]).astype(kind)
    if kind in (np.uint8, np.int16):
        rgba[rgba > 0] = np.iinfo(kind).max
    plane = Plane(rgba, "YXC", "C", light=(0.0, 0.4, 0.8))
    mixed = plane[0:1, 0:2]
    assert (mixed.shape, mixed.dtype) == ((1, 2, 1), kind)
    np.testing.assert_allclose(mixed.ravel(), 1.2 if kind is np.float32 else rgba.max())
