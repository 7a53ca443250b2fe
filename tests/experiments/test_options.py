"""Options of a comparison name its folders, and unknown choices are refused."""

from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments.options import ExperimentOptions, TrialKey, check_choice


def test_a_trial_has_a_folder_named_after_its_row_and_run() -> None:
    options = ExperimentOptions((Path("data"),), Path("out"))
    assert TrialKey("ours", "seed 1").folder(options.trials) == Path("out/trials/ours, seed 1")


def test_an_experiment_on_one_folder_refuses_several() -> None:
    assert ExperimentOptions((Path("a"),), Path("out")).folder == Path("a")
    with pytest.raises(RecipeError, match="takes one folder of data; got 2"):
        _ = ExperimentOptions((Path("a"), Path("b")), Path("out")).folder


def test_an_unknown_choice_is_refused_with_those_that_exist() -> None:
    check_choice("row", "a", ("a", "b"))
    with pytest.raises(RecipeError, match=r"No row 'c'\. Known: a, b\."):
        check_choice("row", "c", ("a", "b"))
