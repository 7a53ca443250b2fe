"""How often cells of a laboratory that was left out are unsure, and by which distance."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.experiments.strange_cells import StrangeCells, scale_for, strange_text

NEAR = StrangeCells(
    np.linspace(0.05, 1, 20, dtype=np.float32), np.ones(20, dtype=np.bool_), np.ones(20, dtype=np.bool_)
)
FAR = StrangeCells(
    np.float32([1.0, 2.0, 3.0, 4.0, 9.0, 9.0]),
    np.array([True, True, False, False, False, False]),
    np.array([True, True, True, True, False, False]),
)


def test_shares_are_of_cells_named_right_named_wrong_and_unknown() -> None:
    assert FAR.shares(1.5) == (0.5, 1.0, 1.0)
    assert FAR.shares(3.5) == (0.0, 0.5, 1.0)
    assert FAR.shares(2.0)[0] == 0.5  # the distance itself is beyond, as in a run
    right, *others = NEAR.shares(0.5)
    assert right == pytest.approx(0.55)
    assert np.isnan(others).all()


def test_the_scale_leaves_one_in_twenty_right_cells_unsure() -> None:
    assert scale_for([NEAR]) == pytest.approx(0.95)
    assert scale_for([FAR]) == 2.0  # wrong ones do not count
    assert scale_for([NEAR, FAR]) == 2.0  # sets count alike, however many cells they have
    assert np.isnan(scale_for([StrangeCells(*(array[4:] for array in (FAR.distances, FAR.right, FAR.known)))]))


def test_a_set_is_judged_by_the_scale_of_the_others() -> None:
    lines = strange_text({"near": NEAR, "far": FAR}).splitlines()
    assert "| near | 20 | 1.00 | 0.05 | - | - | 2.00 | 0.00 | - | - |" in lines
    assert "| far | 6 | 0.50 | 1.00 | 1.00 | 1.00 | 0.95 | 1.00 | 1.00 | 1.00 |" in lines
    assert lines[-1] == "By all sets together, the scale is 2.00."


def test_what_was_seen_comes_back_from_its_file(tmp_path: Path) -> None:
    FAR.write(tmp_path / "strange.csv")
    back = StrangeCells.read(tmp_path / "strange.csv")
    for name in ("distances", "right", "known"):
        np.testing.assert_array_equal(getattr(back, name), getattr(FAR, name))
