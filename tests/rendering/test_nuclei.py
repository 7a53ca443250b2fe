"""The shapes of nuclei, by their outline."""

import numpy as np
import pytest
from scipy.ndimage import label
from skimage.measure import regionprops

from napari_hemalens.rendering import nuclei
from napari_hemalens.rendering.shapes import Patch

RADIUS = 6.0


def outlines(nucleus, seeds=6):
    for seed in range(seeds):
        mask = nucleus(Patch.around(9, 0.1, np.random.default_rng(seed)), RADIUS) > 0
        yield regionprops(mask.astype(int))[0], mask


def test_a_round_nucleus_takes_its_share_of_the_cell():
    found = [shape for shape, _ in outlines(nuclei.rounded(0.7, spread=0.01, elongation=1.01))]
    widths = [shape.equivalent_diameter_area * 0.1 / 2 for shape in found]
    assert np.mean(widths) == pytest.approx(0.7 * RADIUS, rel=0.05)
    assert min(shape.solidity for shape in found) > 0.95


def test_a_kidney_and_a_band_have_a_bay_that_a_round_nucleus_lacks():
    kinds = (nuclei.rounded(0.7), nuclei.indented(0.7, (0.3, 0.5)), nuclei.horseshoe)
    whole, kidney, band = (np.mean([shape.solidity for shape, _ in outlines(kind)]) for kind in kinds)
    assert whole > kidney > band


def test_the_lobes_of_a_segmented_nucleus_hang_together():
    for shape, mask in outlines(nuclei.lobed((3,), (1.0,), 0.3)):
        assert label(mask, np.ones((3, 3)))[1] == 1
        assert shape.solidity < 0.9
