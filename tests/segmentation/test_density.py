"""How much a smear absorbs, and of what colour."""

import numpy as np
import pytest

from napari_hemalens.segmentation import density


def test_glass_absorbs_nothing_and_a_nucleus_much(smear, dyes):
    _, cells, inner = smear
    dark = density.darkness(dyes)
    assert abs(np.median(dark[~cells & (dark < 0.02)])) < 0.01
    assert np.median(dark[inner]) > 0.3
    assert np.median(density.purple(dyes)[inner]) > 0.2


def test_the_body_is_what_the_smear_is_full_of(smear, body):
    assert density.body_diameter(density.optical_density(smear[0])) == pytest.approx(body, rel=0.15)


def test_bare_glass_has_no_body():
    glass = np.full((60, 60, 3), 240, dtype=np.uint8)
    assert density.body_diameter(density.optical_density(glass)) == 0


def test_uneven_light_is_evened_out():
    light = np.linspace(0.93, 1, 400)[None, :, None]
    picture = (np.full((400, 400, 3), 240.0) * light).astype(np.uint8)
    uneven = density.optical_density(picture)
    assert np.ptp(density.flatten_light(uneven, 40.0)) < 0.5 * np.ptp(uneven)
