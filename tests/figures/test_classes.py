"""The picture shows every cell in the colour of its class."""

import numpy as np
from PIL import ImageColor

from napari_hemalens.figures.classes import class_picture
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.palette import colour_of
from napari_hemalens.slides.axes import from_array

NAMES = ("micronucleus", "none")


def record(ids, classes):
    n = len(ids)
    return Classified(
        ids=np.array(ids, dtype=np.int64),
        probabilities=np.full((n, 2), 0.5, dtype=np.float32),
        classes=np.array(classes, dtype=np.int64),
        names=NAMES,
        centres=np.zeros((n, 2)),
        areas=np.ones(n, dtype=np.int64),
        image_shape=(200, 200),
    )


def test_edges_have_the_colour_of_the_class_and_other_labels_stay():
    image = np.full((200, 200, 3), 100, dtype=np.uint8)
    labels = np.zeros((200, 200), dtype=np.int32)
    labels[100:120, 100:120], labels[150:170, 100:120], labels[100:120, 150:170] = 3, 70_000, 5
    picture = np.asarray(class_picture(from_array(image), labels, record([3, 70_000], [0, 1])))
    for place, name in (((100, 110), "micronucleus"), ((150, 110), "none")):
        assert tuple(picture[place]) == ImageColor.getrgb(colour_of(name))
    assert (picture[100:120, 150:170] == 100).all()
    assert (picture[60:90, 60:90] == 100).all()
    assert not (picture[110, 110] == 100).all()


def test_a_large_image_becomes_a_picture_that_opens_anywhere():
    labels = np.zeros((200, 200), dtype=np.int32)
    labels[100:160, 100:160] = 1
    slide = from_array(np.full((200, 200, 3), 100, dtype=np.uint8))
    picture = class_picture(slide, labels, record([1], [0]), longest=100)
    assert picture.size == (100, 100)
    assert picture.getpixel((60, 50)) == ImageColor.getrgb(colour_of("micronucleus"))


def test_an_image_without_cells_is_a_picture_too():
    slide = from_array(np.full((50, 50, 3), 100, dtype=np.uint8))
    assert class_picture(slide, np.zeros((50, 50), dtype=np.int32), record([], [])).size == (50, 50)
