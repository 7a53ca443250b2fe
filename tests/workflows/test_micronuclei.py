"""Micronuclei of one image, found or given, as a script or a window asks for them."""

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError

Y, X = np.mgrid[:120, :160]


@pytest.fixture
def labels():
    return np.where(np.hypot(Y - 60, X - 40) <= 12, 4, np.where(np.hypot(Y - 60, X - 110) <= 12, 9, 0))


@pytest.fixture
def image(labels):
    shining = (labels > 0) | (np.hypot(Y - 60, X - 130) <= 3)
    return (np.random.default_rng(0).normal(900, 20, labels.shape) + 5000 * shining).astype(np.uint16)


def test_micronuclei_of_an_array_are_found(image, labels):
    counted = workflows.count_micronuclei(image, labels)
    assert counted.counts.tolist() == [0, 1]
    assert counted.labels[60, 130] == 9


def test_those_that_are_known_are_counted_instead(image, labels):
    bodies = np.zeros(labels.shape, dtype=bool)
    bodies[20:23, 40:43] = True
    assert workflows.count_micronuclei(image, labels, bodies=bodies).counts.tolist() == [1, 0]


@pytest.mark.parametrize("bodies", [np.zeros((5, 5), dtype=np.uint8), np.zeros((120, 160), dtype=np.float32)])
def test_micronuclei_that_are_none_of_the_image_are_refused(image, labels, bodies):
    with pytest.raises(AnnotationError, match=r"do not fit an image of 120 x 160 pixels"):
        workflows.count_micronuclei(image, labels, bodies=bodies)
