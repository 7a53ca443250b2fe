"""Rounds: who is labelled when, what is learned, and what is left after a run that was cut off."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.active_learning import rounds as module
from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.active_learning.rounds import Round, SimulatedAnnotation, check, rounds_steps
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError
from napari_hemalens.progress import finish


@pytest.fixture
def simulated(cells: PoolCells) -> SimulatedAnnotation:
    return SimulatedAnnotation(cells, {"val": cells}, 2)


def recipe_of(training: ClassifierTraining, **options: object) -> RoundsRecipe:
    return RoundsRecipe.from_options(training=training, **{"steps": 2, "shares": (0.25, 0.4, 0.5), **options})


def run(simulated: SimulatedAnnotation, recipe: RoundsRecipe, out: Path) -> tuple[Round, ...]:
    return finish(rounds_steps(simulated, recipe, out))


@pytest.mark.parametrize("strategy", ["random", "margin", "diversity"])
def test_each_round_labels_the_share_asked_for_and_no_cell_twice(
    strategy: str, simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path
) -> None:
    found = run(simulated, recipe_of(training, strategy=strategy), tmp_path)
    assert [len(each.labelled) for each in found] == [10, 16, 20]
    for before, after in pairwise(found):
        assert after.labelled == before.labelled + before.chosen
        assert len(set(after.labelled)) == len(after.labelled)
    assert found[-1].chosen == ()
    assert np.array(found[0].probabilities["val"]).shape == (40, 2)


@pytest.mark.slow
def test_all_strategies_begin_with_the_same_cells_and_chance_goes_on(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path
) -> None:
    random = run(simulated, recipe_of(training), tmp_path / "random")
    margin = run(simulated, recipe_of(training, strategy="margin", shares=(0.25,)), tmp_path / "margin")
    later = run(simulated, recipe_of(training, shares=(0.5,)), tmp_path / "later")
    assert margin[0].labelled == random[0].labelled
    assert later[0].labelled == random[-1].labelled


@pytest.mark.slow
def test_a_loss_net_with_copies_learns_what_dark_cells_are(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path
) -> None:
    recipe = recipe_of(training, strategy="loss", loss_net=True, hard=0.5, steps=30, shares=(0.4, 0.6))
    found = run(simulated, recipe, tmp_path)
    predicted = np.array(found[-1].probabilities["val"]).argmax(axis=1)
    assert (predicted == simulated.pool.labels).mean() > 0.9


@pytest.mark.slow
def test_a_run_cut_off_gives_what_it_would_have_given(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path
) -> None:
    recipe = recipe_of(training, strategy="loss", loss_net=True, hard=0.3, shares=(0.25, 0.5))
    whole = run(simulated, recipe, tmp_path / "whole")
    steps = rounds_steps(simulated, recipe, tmp_path / "cut")
    for _ in range(3):  # the first round, and half of the second
        next(steps)
    steps.close()
    assert [file.name for file in sorted((tmp_path / "cut").glob("round-*"))] == ["round-1.json"]
    resumed = run(simulated, recipe, tmp_path / "cut")
    assert [each.labelled for each in resumed] == [each.labelled for each in whole]
    assert resumed[-1].probabilities == whole[-1].probabilities


def test_finished_rounds_are_not_trained_again(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(simulated, recipe_of(training), tmp_path)
    monkeypatch.delattr(module, "fit_steps")
    assert run(simulated, recipe_of(training), tmp_path) == first
    assert not list(tmp_path.glob("*.ckpt"))


@pytest.mark.slow
def test_training_on_starts_from_the_network_of_the_round_before(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    real = module.load_file
    monkeypatch.setattr(module, "load_file", lambda path: loaded.append(path.name) or real(path))
    run(simulated, recipe_of(training, afresh=False), tmp_path)
    assert loaded == ["network-1.safetensors", "network-2.safetensors"]
    assert not list(tmp_path.glob("*.safetensors"))


def test_of_a_share_that_is_looked_at_all_chosen_cells_come(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    real = module.look_at
    monkeypatch.setattr(module, "look_at", lambda *given: looked.append(len(given[2])) or real(*given))
    recipe = recipe_of(training, strategy="margin", scored=0.4, shares=(0.25, 0.5))
    found = run(simulated, recipe, tmp_path)
    assert looked == [40, 10 + 12, 40]  # the test cells; ten labelled and 0.4 of the thirty others; the test cells
    assert len(set(found[-1].labelled)) == 20


CONTRADICTIONS = {
    r"Strategy 'loss' needs predicted losses: loss_net = true\.": {"strategy": "loss"},
    r"Option 'hard' = 0\.2 needs predicted losses": {"hard": 0.2},
    r"Shares grow .* got 0\.5, 0\.4\.": {"shares": (0.5, 0.4)},
    r"Shares grow .* got 0\.5, 1\.2\.": {"shares": (0.5, 1.2)},
    r"Shares grow .* got 0, 0\.5\.": {"shares": (0.0, 0.5)},
}


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_options_that_contradict_each_other_are_refused(message: str, training: ClassifierTraining) -> None:
    with pytest.raises(RecipeError, match=message):
        check(recipe_of(training, **CONTRADICTIONS[message]))


def test_an_odd_batch_is_refused_before_anything_is_trained(training: ClassifierTraining) -> None:
    with pytest.raises(RecipeError, match="in pairs; got a batch of 7: choose an even one"):
        check(recipe_of(training.model_copy(update={"batch": 7}), loss_net=True))


def test_a_first_round_of_no_cell_is_refused(
    simulated: SimulatedAnnotation, training: ClassifierTraining, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=r"A share of 0\.001 of 40 cells is none"):
        run(simulated, recipe_of(training, shares=(0.001, 0.5)), tmp_path)
