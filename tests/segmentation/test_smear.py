"""Cells of a stained smear, from the picture to labels."""

import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.progress import finish
from napari_hemalens.segmentation.smear import smear_steps


def test_the_whole_finds_each_cell_once_with_its_nucleus(smear, overlap):
    picture, cells, inner = smear
    labels, found = finish(smear_steps(picture, SegmentationRecipe(), None))
    assert labels.max() == 3
    assert overlap(labels > 0, cells) > 0.85
    assert overlap(found > 0, inner) > 0.85
    assert (labels[found > 0] == found[found > 0]).all()


def test_cells_larger_than_asked_for_are_left_out(smear, body):
    size = 9 / body
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
