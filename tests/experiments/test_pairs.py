"""Two rows on the same cells: which alone is right, and how surprising that is."""

from collections.abc import Sequence

import numpy as np
import pytest

from napari_hemalens.experiments.pairs import PairedRows
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.records.tasks import task


def trial(called: Sequence[int], truth: Sequence[int], *, sure: float = 1.0) -> Trial:
    other = (1 - sure) / 1
    said = np.where(np.eye(2)[list(called)] > 0, sure, other).astype(np.float32)
    return Trial("a", "seed 0", task("all"), said, np.array(truth), None, 0.0, 1, {})


def test_only_cells_that_one_alone_names_right_count() -> None:
    truth = [0] * 12
    ours, theirs = trial([0] * 10 + [1, 1], truth), trial([0, 0] + [1] * 9 + [0], truth)
    pair = PairedRows.of([ours], [theirs])
    assert pair == PairedRows(ours=8, theirs=1)
    assert pair.p == pytest.approx(2 * (1 + 9) / 2**9)  # 0 or 1 of 9, on both sides


def test_runs_are_no_further_cells_but_one_mean() -> None:
    truth = [0, 1, 1]
    one, other = trial([0, 1, 1], truth, sure=0.9), trial([0, 1, 0], truth, sure=0.6)
    assert PairedRows.of([one, other], [trial([1, 0, 0], truth)]) == PairedRows(ours=3, theirs=0)


def test_other_test_cells_cannot_be_compared() -> None:
    assert PairedRows.of([trial([0], [0])], [trial([0, 1], [0, 1])]) is None


def test_rows_that_no_cell_tells_apart_have_p_of_one() -> None:
    assert PairedRows(ours=0, theirs=0).p == 1.0
