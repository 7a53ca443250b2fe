import numpy as np
import pytest
from scipy.ndimage import label

from napari_hemalens.rendering.shapes import Patch, blob, both, chain, cover, specks


@pytest.fixture
def patch() -> Patch:
    return Patch.around(10.0, 0.1, np.random.default_rng(0))


def area_um2(patch: Patch, depth: np.ndarray) -> float:
    return float(cover(depth).sum()) * patch.pixel_size_um**2


def test_a_patch_measures_micrometres_from_the_centre_of_the_cell() -> None:
    patch = Patch.around(1.0, 0.25, np.random.default_rng(0), offset=(0.5, 0.0))
    assert patch.y.shape == (9, 9)
    assert patch.y[:, 0].tolist() == pytest.approx([(row - 4 - 0.5) * 0.25 for row in range(9)])
    assert patch.x[0].tolist() == pytest.approx([(column - 4) * 0.25 for column in range(9)])


@pytest.mark.parametrize("elongation", [1.0, 2.0])
def test_a_smooth_blob_has_the_area_of_its_ellipse(patch: Patch, elongation: float) -> None:
    depth = blob(patch, 4.0, elongation=elongation, roughness=0.0)
    assert area_um2(patch, depth) == pytest.approx(np.pi * 4.0**2, rel=0.01)


def test_a_blob_lies_where_its_centre_is(patch: Patch) -> None:
    inside = blob(patch, 2.0, centre=(3.0, -4.0), roughness=0.0) > 0
    assert patch.y[inside].mean() == pytest.approx(3.0, abs=0.05)
    assert patch.x[inside].mean() == pytest.approx(-4.0, abs=0.05)


def test_a_straight_chain_is_a_rod_with_round_ends(patch: Patch) -> None:
    depth = chain(patch, [(0, -3), (0, 0), (0, 3)], [1.0, 1.0, 1.0])
    assert area_um2(patch, depth) == pytest.approx(6 * 2 + np.pi, rel=0.02)


def test_an_intersection_holds_no_more_than_either_shape(patch: Patch) -> None:
    one = blob(patch, 4.0, centre=(0, -1), roughness=0)
    other = blob(patch, 4.0, centre=(0, 2), roughness=0)
    overlap = both(one, other)
    assert np.all(overlap <= np.minimum(one, other) + 1e-5)
    # Away from the corners nothing is rounded off.
    deep = np.abs(one - other) > 2
    np.testing.assert_allclose(overlap[deep], np.minimum(one, other)[deep], atol=1e-5)


def test_clouds_are_standardised_and_coarser_ones_vary_more_slowly(patch: Patch) -> None:
    fine, coarse = patch.cloud(0.3), patch.cloud(3.0)
    for cloud in (fine, coarse):
        assert float(cloud.mean()) == pytest.approx(0, abs=1e-3)
        assert float(cloud.std()) == pytest.approx(1, abs=1e-3)
    assert np.abs(np.diff(coarse)).mean() < 0.3 * np.abs(np.diff(fine)).mean()


def test_a_lone_granule_is_about_as_wide_as_it_should_be() -> None:
    patch = Patch.around(40.0, 0.05, np.random.default_rng(0))
    where = np.zeros_like(patch.y)
    where[22::44, 22::44] = 1.0  # places so far apart that granules hardly touch
    spots, _ = label(specks(patch, where, 0.1 / patch.pixel_size_um**2, 1.5) > 0.5)
    widths = 2 * np.sqrt(np.bincount(spots.ravel())[1:] / np.pi) * patch.pixel_size_um
    # One of strength 1 is half covered at 1.5 um; those that show at all have 0.885 at the median.
    strength, half_covered = 0.885, (0.5 + 0.25) / 1.6
    expected = 1.5 / 2.355 * 2 * np.sqrt(2 * np.log(strength / half_covered))
    assert np.median(widths) == pytest.approx(expected, rel=0.08)


def test_granules_fall_only_where_they_may(patch: Patch) -> None:
    where = (patch.x > 2).astype(np.float32)
    spots = specks(patch, where, 2.0, 0.4)
    assert spots[patch.x > 2].max() == 1.0
    assert spots[patch.x < 1].max() == 0.0
