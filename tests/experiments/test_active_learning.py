"""The comparison of ways to choose what to label runs from a table to a page, and reads what is finished."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from napari_hemalens.active_learning import rounds
from napari_hemalens.active_learning.rounds import check
from napari_hemalens.config.active_learning import StrategyName
from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments import active_learning
from napari_hemalens.experiments.active_learning import BUDGETS, ROWS, active_learning_steps, recipe_for
from napari_hemalens.experiments.labelling_report import ATTENTION, PAPER
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.formats import cell_table
from napari_hemalens.models.classifiers import CLASSIFIERS
from napari_hemalens.progress import finish


@pytest.fixture(scope="module")
def data(cells_by_box: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of the two laboratories under the name of the pools'."""
    folder, cells = tmp_path_factory.mktemp("pool"), cell_table.read(cells_by_box / "cells.csv")
    names = np.where(cells.laboratories == "north", "PBC", "Jiangxi")
    cell_table.write(replace(cells, laboratories=names), folder / "cells.csv")
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget for thirty cells, and two rounds of the row `all`."""
    budget = BUDGETS["ci"]
    training = budget.recipe.training.model_copy(update={"batch": 2})
    small = replace(budget, recipe=budget.recipe.model_copy(update={"training": training}))
    monkeypatch.setitem(active_learning.BUDGETS, "ci", small)  # type: ignore[arg-type]
    two = replace(ROWS["all"], shares=ROWS["all"].shares[:2])
    monkeypatch.setitem(active_learning.ROWS, "all", two)  # type: ignore[arg-type]


def test_every_strategy_and_every_attention_module_has_a_row() -> None:
    assert {row.strategy for row in ROWS.values()} == set(get_args(StrategyName))
    assert {row.network for row in ROWS.values()} <= set(CLASSIFIERS)
    assert len({ROWS[name].network for name in ATTENTION}) == 4
    assert {ROWS[name].strategy for name in ATTENTION} == {"random"}
    assert all(set(PAPER[name]) <= set(ROWS[name].shares) for name in PAPER)


@pytest.mark.parametrize("preset", BUDGETS)
@pytest.mark.parametrize("row", ROWS)
def test_no_row_contradicts_itself_under_any_budget(row: str, preset: str) -> None:
    recipe = recipe_for(ROWS[row], BUDGETS[preset].recipe, 3, "scratch")
    check(recipe)
    assert recipe.training.seed == 3
    assert recipe.training.network.network == ROWS[row].network


def test_a_reduced_budget_says_so() -> None:
    assert BUDGETS["full"].suffix == ""
    assert "reduced" in BUDGETS["laptop"].suffix
    assert "NO RESULT" in BUDGETS["ci"].suffix


@pytest.mark.slow
def test_rows_are_run_and_finished_rounds_are_read(
    data: Path, tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ExperimentOptions((data,), tmp_path, preset="ci", rows=("plain-100", "all"), seeds=(0, 1))
    first = finish(active_learning_steps(options, pool="whole"))
    assert [(trial.row, trial.case) for trial in first.trials] == [
        ("plain-100", "seed 0"),
        ("all", "seed 0"),
        ("plain-100", "seed 1"),
        ("all", "seed 1"),
    ]
    assert [done.labels for done in first.trials[1].rounds] == [3, 6]
    assert "NO RESULT" in (tmp_path / "active-learning.md").read_text(encoding="utf-8")
    monkeypatch.delattr(rounds, "fit_steps")
    assert finish(active_learning_steps(options, pool="whole")).text() == first.text()


@pytest.mark.parametrize("wrong", [{"pool": "sea"}, {"start": "moon"}])
def test_a_pool_or_a_start_that_does_not_exist_is_refused(wrong: dict[str, str], data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=f"No {next(iter(wrong))} "):
        next(active_learning_steps(ExperimentOptions((data,), tmp_path), **wrong))


def test_a_row_that_does_not_exist_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"No row 'best'\. Known: plain-100, plain, plain-balanced"):
        next(active_learning_steps(ExperimentOptions((data,), tmp_path, rows=("best",))))
