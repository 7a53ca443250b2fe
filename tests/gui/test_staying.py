"""What lies on an image stays on it, wherever that is put."""

import gc
import weakref

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_hemalens.gui.staying import stay_on, stays


@pytest.fixture
def image():
    return Image(np.zeros((3, 8, 8)))


@pytest.fixture
def cells(image):
    layer = Labels(np.zeros((8, 8), int))
    stay_on(layer, image)
    return layer


def test_cells_go_along_with_pixel_size_place_and_turn(image, cells):
    assert stays(cells)
    image.scale = (2, 0.3, 0.4)
    image.units = ("pixel", "um", "um")
    image.translate = (0, 5, 6)
    image.rotate = 30
    assert cells.scale.tolist() == [0.3, 0.4]
    assert str(cells.units[0]) == "micrometer"
    assert cells.translate.tolist() == [5, 6]
    assert np.allclose(cells.rotate, image.rotate[-2:, -2:])


def test_cells_that_lie_elsewhere_stay_there(image):
    layer = Labels(np.zeros((8, 8), int), scale=(3, 3))
    stay_on(layer, image)
    stay_on(layer, None)
    image.scale = (1, 0.3, 0.4)
    assert (layer.scale.tolist(), stays(layer)) == ([3, 3], False)


def test_cells_that_a_person_moved_stay_where_they_are(image, cells):
    cells.translate = (1, 1)
    image.scale = (1, 0.3, 0.4)
    cells.translate = (0, 0)
    image.scale = (1, 0.5, 0.5)
    assert (cells.scale.tolist(), stays(cells)) == ([1, 1], False)


def test_an_image_holds_no_cells_that_are_gone(image):
    layer = Labels(np.zeros((8, 8), int))
    stay_on(layer, image)
    known = weakref.ref(layer)
    del layer
    gc.collect()
    image.scale = (1, 0.3, 0.4)
    assert known() is None


def test_cells_told_of_their_image_twice_stay_on_it(image, cells):
    stay_on(cells, image)
    image.scale = (1, 0.3, 0.4)
    image.translate = (0, 5, 6)
    assert (cells.scale.tolist(), cells.translate.tolist(), stays(cells)) == ([0.3, 0.4], [5, 6], True)


def test_cells_stay_on_the_image_they_were_told_of_last(image, cells):
    other = Image(np.zeros((8, 8)))
    stay_on(cells, other)
    image.scale = (1, 9, 9)
    other.scale = (0.5, 0.5)
    assert (cells.scale.tolist(), stays(cells)) == ([0.5, 0.5], True)


def test_cells_told_of_an_image_elsewhere_leave_the_one_before(image, cells):
    stay_on(cells, Image(np.zeros((8, 8)), translate=(50, 50)))
    image.scale = (1, 9, 9)
    assert (cells.scale.tolist(), stays(cells)) == ([1, 1], False)
