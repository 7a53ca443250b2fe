"""Density, nuclei and cytoplasm of a drawn smear: purple nuclei, pale cytoplasm, salmon red cells."""

import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.progress import finish
from napari_hemalens.segmentation import cytoplasm, density, nuclei
from napari_hemalens.segmentation.smear import smear_steps

GLASS, RED, PALE, PURPLE = (242, 240, 238), (222, 160, 150), (196, 188, 226), (92, 48, 142)
BODY = 24.0  # pixels; cells are a little larger than red cells
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
    return density.smoothed(density.optical_density(smear[0]), 0.7)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_glass_absorbs_nothing_and_a_nucleus_much(smear, dyes):
    _, cells, inner = smear
    dark = density.darkness(dyes)
    assert abs(np.median(dark[~cells & (dark < 0.02)])) < 0.01
    assert np.median(dark[inner]) > 0.3
    assert np.median(density.purple(dyes)[inner]) > 0.2


def test_the_body_is_what_the_smear_is_full_of(smear):
    assert density.body_diameter(density.optical_density(smear[0])) == pytest.approx(BODY, rel=0.15)


def test_bare_glass_has_no_body():
    glass = np.full((60, 60, 3), 240, dtype=np.uint8)
    assert density.body_diameter(density.optical_density(glass)) == 0


def test_uneven_light_is_evened_out():
    light = np.linspace(0.93, 1, 400)[None, :, None]
    picture = (np.full((400, 400, 3), 240.0) * light).astype(np.uint8)
    uneven = density.optical_density(picture)
    assert np.ptp(density.flattened(uneven, 40.0)) < 0.5 * np.ptp(uneven)


def test_nuclei_are_outlined_and_red_cells_are_none(smear, dyes):
    assert overlap(nuclei.nuclear_mask(dyes, BODY), smear[2]) > 0.85


def test_a_higher_threshold_makes_smaller_nuclei(dyes):
    usual, high = (nuclei.nuclear_mask(dyes, BODY, threshold=threshold).sum() for threshold in (1.0, 1.6))
    assert 0 < high < usual


def test_red_cells_are_known_by_their_colour(smear, dyes):
    red = cytoplasm.red_cells(dyes, smear[2], BODY)
    assert red[20, 20]
    assert red[110, 210]
    assert red[smear[2]].mean() < 0.1


def test_cells_are_nuclei_and_cytoplasm_without_red_cells(smear, dyes):
    assert overlap(cytoplasm.cell_mask(dyes, smear[2], BODY), smear[1]) > 0.85


def test_the_whole_finds_each_cell_once_with_its_nucleus(smear):
    picture, cells, inner = smear
    labels, found = finish(smear_steps(picture, SegmentationRecipe(), None))
    assert labels.max() == 3
    assert overlap(labels > 0, cells) > 0.85
    assert overlap(found > 0, inner) > 0.85
    assert (labels[found > 0] == found[found > 0]).all()


def test_cells_larger_than_asked_for_are_left_out(smear):
    size = 9 / BODY
    found = [
        finish(smear_steps(smear[0], SegmentationRecipe(largest_um=largest), size))[0].max() for largest in (20, 8)
    ]
    assert found == [3, 0]


def test_an_empty_smear_has_no_cells_and_a_grey_one_is_refused():
    glass = np.random.default_rng(0).integers(238, 242, (80, 80, 3), dtype=np.uint8)
    labels, found = finish(smear_steps(glass, SegmentationRecipe(), 0.4))
    assert labels.max() == found.max() == 0
    with pytest.raises(ImageError, match="grey image shows no stain"):
        finish(smear_steps(np.full((40, 40, 3), 200, dtype=np.uint8), SegmentationRecipe(), None))
