import numpy as np
import pytest

from napari_hemalens.active_learning.hard_cells import choose_copies, count_copies

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 0])  # seven of class 0, two of 1, one of 2
LOSSES = np.array([9, 1, 1, 1, 1, 1, 8, 1, 7, 6], dtype=np.float32)


def test_the_hardest_are_copied_by_the_inverse_frequency_of_their_class() -> None:
    copies = choose_copies(LOSSES, LABELS, hard=0.4, copies=4)
    # hard: 0, 6, 8, 9 of classes 0, 1, 2, 0; inverse 1/7, 1/2, 1, 1/7 of a sum of 25/14: 16 copies are
    # 1.28, 4.48, 8.96 and 1.28, rounded down 1, 4, 8, 1, and two more by what was lost: 8.96, then 4.48
    assert {row: int((copies == row).sum()) for row in (0, 6, 8, 9)} == {0: 1, 6: 5, 8: 9, 9: 1}
    assert len(copies) == 16


@pytest.mark.parametrize(("hard", "copies"), [(0.2, 2.0), (0.33, 1.5), (1.0, 0.7), (0.05, 3.0)])
def test_the_number_of_copies_is_known_before_cells_are_scored(hard: float, copies: float) -> None:
    rng = np.random.default_rng(0)
    for cells in (7, 30, 101):
        labels = rng.integers(0, 5, size=cells)
        found = choose_copies(rng.normal(size=cells).astype(np.float32), labels, hard=hard, copies=copies)
        assert len(found) == count_copies(cells, hard=hard, copies=copies)


def test_cells_of_one_class_are_copied_alike() -> None:
    found = choose_copies(np.arange(6, dtype=np.float32), np.zeros(6, dtype=np.int64), hard=0.5, copies=2)
    assert sorted(found.tolist()) == [3, 3, 4, 4, 5, 5]


def test_without_a_hard_share_there_are_no_copies() -> None:
    assert count_copies(100, hard=0, copies=2) == 0
