import pytest

from napari_hemalens.formats.via_shapes import drawn_box, numbered_box


@pytest.mark.parametrize(
    ("xy", "box"),
    [
        ([2, 10, 20, 30, 40], (20, 10, 60, 40)),
        ([3, 10, 20, 5], (15, 5, 25, 15)),
        ([4, 10, 20, 5, 3], (17, 5, 23, 15)),
        ([7, 1, 2, 9, 2, 9, 8], (2, 1, 8, 9)),
        ([1, 10, 20], "a point"),
        ([2, 10], "a region without a shape"),
        (None, "a region without a shape"),
    ],
)
def test_shapes_of_version_3_begin_with_their_kind(xy, box):
    assert numbered_box(xy) == box


def test_an_outline_without_points_is_named():
    odd = {"name": "polygon", "all_points_x": [1], "all_points_y": [2]}
    assert drawn_box(odd) == "an outline of fewer than two points"
    assert drawn_box(None) == "a region without a shape"
