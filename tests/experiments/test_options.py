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


def test_the_record_of_a_run_holds_what_its_command_needs() -> None:
    options = ExperimentOptions((Path("cells"),), Path("out"), "ci", (0, 1), changes=("epochs=2",))
    told = {"experiment": "all-folds", "data": ["cells"], "preset": "ci", "set": ["epochs=2"], "seeds": [0, 1]}
    assert options.record("all-folds", scheme="paper") == told | {"scheme": "paper"}
    chosen = ExperimentOptions((Path("a"),), Path("out"), rows=("vgg16",), pixel_size_um=0.1).record("folds")
    assert (chosen["rows"], chosen["pixel_size_um"]) == (["vgg16"], 0.1)


def test_an_unknown_choice_is_refused_with_those_that_exist() -> None:
    check_choice("row", "a", ("a", "b"))
    with pytest.raises(RecipeError, match=r"No row 'c'\. Known: a, b\."):
        check_choice("row", "c", ("a", "b"))
