"""Cells as they are drawn from their parts."""

import numpy as np
import pytest

from napari_hemalens.rendering.drawing import Platelet, RedCell
from napari_hemalens.rendering.shapes import Patch

PIXEL_UM = 0.1


@pytest.mark.parametrize("kind", [RedCell(), Platelet()])
def test_a_cell_is_about_as_wide_as_asked_and_dye_stays_inside(kind):
    diameter = kind.diameter_um[1]
    stamps = [kind.draw(Patch.around(diameter, PIXEL_UM, np.random.default_rng(seed)), diameter) for seed in range(8)]
    widths = [2 * np.sqrt(stamp.body.sum() / np.pi) * PIXEL_UM for stamp in stamps]
    assert np.mean(widths) == pytest.approx(diameter, rel=0.12)
    assert all(stamp.dye[0].max() == stamp.dye[:, -1].max() == 0 for stamp in stamps)


def test_a_red_cell_is_paler_in_its_centre_than_around_it():
    def darkness(seed):
        dye = RedCell().draw(Patch.around(6, PIXEL_UM, np.random.default_rng(seed)), 7.5).dye.sum(axis=-1)
        middle = dye.shape[0] // 2
        return dye[middle, middle], dye[middle].max()

    centres, rims = np.transpose([darkness(seed) for seed in range(8)])
    assert centres.mean() < 0.8 * rims.mean()
