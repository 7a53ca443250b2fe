"""The comparison of Table 6 runs from a folder of cells to a table, and resumes."""

import json
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.table6 import BUDGETS, ROWS, micronucleus_table6_steps
from napari_hemalens.progress import finish


def test_all_thirteen_rows_have_the_figures_of_the_paper() -> None:
    assert len(ROWS) == 13
    assert ROWS["ours"].paper == {"AP": 0.932, "F1": 0.811, "AUC": 0.995}
    assert (ROWS["ours"].network, ROWS["ours"].loss) == ("alexnet_attention", "focal")
    assert (ROWS["ours_cross_entropy"].network, ROWS["ours_cross_entropy"].loss) == (
        "alexnet_attention",
        "cross_entropy",
    )


def test_a_reduced_budget_says_so() -> None:
    assert BUDGETS["full"].suffix == ""
    assert "reduced" in BUDGETS["laptop"].suffix
    assert BUDGETS["laptop"].recipe.epochs >= 5
    assert "NO RESULT" in BUDGETS["ci"].suffix


@pytest.mark.slow
def test_a_trial_that_is_finished_is_read_and_not_run_again(micronuclei: Path, tmp_path: Path) -> None:
    options = ExperimentOptions((micronuclei,), tmp_path, preset="ci", rows=("alexnet_light",))
    first = finish(micronucleus_table6_steps(options))
    again = finish(micronucleus_table6_steps(options))
    assert again.trials[0].seconds_to_train == first.trials[0].seconds_to_train
    assert again.trials[0].measures.overall == first.trials[0].measures.overall
    assert first.trials[0].measures.confusion.sum() == 32

    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "NO RESULT" in said
    assert "| Alex-light | 0.875 | 0.800 | 0.990 |" in said
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (run["protocol"], run["seeds"]) == ("tad", [0])
    for name in ("table.csv", "trials.csv", "roc.png", "confusion.png"):
        assert (tmp_path / name).exists()
    with pytest.raises(TrainingError, match="another selection of cells"):
        finish(micronucleus_table6_steps(options, protocol="tvad"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": ("lenet",)}, "No row 'lenet'. Known: mobilenet_v2"),
        ({"preset": "huge"}, "No preset 'huge'. Known: full, laptop, ci"),
        ({"protocol": "tav"}, "No protocol 'tav'. Known: tad, tvad"),
    ],
)
def test_what_is_not_there_is_refused_by_name(micronuclei: Path, tmp_path: Path, options, said: str) -> None:
    protocol = options.pop("protocol", "tad")
    with pytest.raises(RecipeError, match=said):
        finish(micronucleus_table6_steps(ExperimentOptions((micronuclei,), tmp_path, **options), protocol=protocol))
