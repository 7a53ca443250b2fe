"""A drawn smear: purple nuclei, pale cytoplasm, salmon red cells."""

import numpy as np
import pytest

from napari_hemalens.segmentation import density

GLASS, RED, PALE, PURPLE = (242, 240, 238), (222, 160, 150), (196, 188, 226), (92, 48, 142)
WHITE = ((50, 60), (60, 170), (150, 110))
REDS = ((20, 20), (25, 110), (110, 30), (110, 210), (170, 40), (175, 185), (110, 160), (20, 220))


@pytest.fixture(scope="module")
def smear():
    """Return the picture, where cells are, and where nuclei are."""
    y, x = np.mgrid[:200, :240]

    def discs(spots, radius):
        return np.any([np.hypot(y - cy, x - cx) <= radius for cy, cx in spots], axis=0)

    cells, inner = discs(WHITE, 16), discs(WHITE, 9)
    picture = np.empty((200, 240, 3))
    picture[:] = GLASS
    for mask, colour in ((discs(REDS, 12), RED), (cells, PALE), (inner, PURPLE)):
        picture[mask] = colour
    noisy = picture + np.random.default_rng(0).normal(0, 2, picture.shape)
    return noisy.clip(0, 255).astype(np.uint8), cells, inner


@pytest.fixture(scope="module")
def dyes(smear):
    return density.smooth(density.optical_density(smear[0]), 0.7)


@pytest.fixture(scope="module")
def body():
    """Return the diameter in pixels by which sizes go; cells are a little larger than red cells."""
    return 24.0


@pytest.fixture(scope="session")
def overlap():
    """Return the intersection over union of two masks, as a function."""

    def iou(one, other):
        return (one & other).sum() / (one | other).sum()

    return iou
