import numpy as np
import pytest
from scipy.ndimage import label

from napari_hemalens.rendering.binucleated import WIDTHS, ApoptoticCell, AssayCell, AssayStamp
from napari_hemalens.rendering.shapes import Patch

SIZE_UM = 0.2


def drawn(count: int, seed: int, affected: float = 1.0) -> AssayStamp:
    patch = Patch.around(17.0, SIZE_UM, np.random.default_rng(seed))
    return AssayCell((24.0, 26.0), (count,), (8.5, 10.0), affected=affected).draw(patch, 25.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_cell_has_as_many_nuclei_as_asked_for_about_equal_and_inside_it(count: int) -> None:
    stamp = drawn(count, seed=count)
    areas = np.bincount(stamp.nuclei.ravel(), minlength=count + 1)[1:]
    assert len(areas) == count
    assert areas.max() < 1.4 * areas.min()
    assert stamp.body[stamp.nuclei > 0].all()


@pytest.mark.parametrize("seed", range(4))
def test_micronuclei_are_as_wide_as_allowed_and_apart_from_nuclei(seed: int) -> None:
    stamp = drawn(2, seed)
    parts, number = label(stamp.micronuclei, np.ones((3, 3)))
    assert 1 <= number <= 3
    assert not (stamp.nuclei > 0)[parts > 0].any()
    assert stamp.body[parts > 0].all()
    nucleus = np.sqrt((stamp.nuclei > 0).sum() / 2)
    for width in np.sqrt(np.bincount(parts.ravel())[1:]) / nucleus:
        assert 0.8 * WIDTHS[0] < width < 1.1 * WIDTHS[1]


def test_a_cell_that_is_not_affected_has_none() -> None:
    assert not any(drawn(2, seed, affected=0.0).micronuclei.any() for seed in range(3))


def test_a_dead_cell_is_seen_and_not_labelled() -> None:
    stamp = ApoptoticCell().draw(Patch.around(8.0, SIZE_UM, np.random.default_rng(0)), 11.0)
    for labelled in (stamp.body, stamp.nuclei, stamp.micronuclei):
        assert not labelled.any()
    assert stamp.dye[..., 1].max() > 2  # its fragments outshine a nucleus
