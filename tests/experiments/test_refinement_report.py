"""Gains are over the same boxes not moved, seed by seed."""

from pathlib import Path

import pytest

from napari_hemalens.errors import TrainingError
from napari_hemalens.experiments.refinement_report import HELD, MEASURES, RefinementComparison, RefinementTrial


def trial(row: str, seed: int, ap: float) -> RefinementTrial:
    return RefinementTrial(row, seed, dict.fromkeys(MEASURES, ap), dict.fromkeys(("IoU before", *HELD), 0.5), {})


def test_a_gain_is_over_unmoved_boxes_of_the_same_seed() -> None:
    trials = (trial("still", 0, 0.5), trial("still", 1, 0.6), trial("paper", 0, 0.52), trial("paper", 1, 0.59))
    found = RefinementComparison("", (), {"still": "not moved", "paper": "as printed"}, {}, trials)
    assert found.gains("paper", "AP") == pytest.approx([0.02, -0.01])
    _, (still, paper) = found.summary()
    assert still[5] == "-"
    assert paper[5] == "+0.005 ± 0.021"


def test_a_trial_of_another_plan_is_not_read(tmp_path: Path) -> None:
    trial("paper", 0, 0.5).write(tmp_path)
    assert RefinementTrial.read(tmp_path, {}) == trial("paper", 0, 0.5)
    with pytest.raises(TrainingError, match="a trial of another recipe"):
        RefinementTrial.read(tmp_path, {"boxes": 8})
