"""The box around a shape holds all of it, and no more."""

import math

import pytest

from napari_hemalens.formats.shapes import bounds, ellipse_box, turned_about_corner, turned_box


def test_points_are_held_by_their_box_and_none_have_none():
    assert bounds([(3, 1), (5, 2)]) == (1, 3, 2, 5)
    assert all(map(math.isnan, bounds([])))


@pytest.mark.parametrize(("degrees", "box"), [(0, (0, 0, 10, 40)), (90, (-15, 15, 25, 25)), (180, (0, 0, 10, 40))])
def test_a_box_turns_about_its_centre(degrees, box):
    assert turned_box((0, 0, 10, 40), degrees) == pytest.approx(box)


@pytest.mark.parametrize(("degrees", "box"), [(0, (0, 0, 10, 40)), (90, (0, -10, 40, 0)), (-90, (-40, 0, 0, 10))])
def test_a_rectangle_turns_clockwise_about_its_corner(degrees, box):
    assert turned_about_corner((0, 0), (40, 10), degrees) == pytest.approx(box)


def test_an_ellipse_reaches_as_far_as_its_points_do():
    angles = [math.radians(step / 10) for step in range(3600)]
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    points = [
        (7 + 20 * math.cos(a) * cos - 5 * math.sin(a) * sin, 9 + 20 * math.cos(a) * sin + 5 * math.sin(a) * cos)
        for a in angles
    ]
    assert ellipse_box((7, 9), (20, 5), 30) == pytest.approx(bounds(points), abs=1e-3)
    assert ellipse_box((7, 9), (5, 5)) == pytest.approx((4, 2, 14, 12))
