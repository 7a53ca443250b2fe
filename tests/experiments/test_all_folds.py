"""Folds by subject: nobody is on two sides of a run, and the table says what its figures are of."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.experiments import all_folds
from napari_hemalens.experiments.all_folds import BUDGETS, FOLDS, ROWS, all_folds_steps, plan_runs
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.splits import split_folds
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.progress import finish


def field(subject: str, kind: str, *, named: bool = True) -> NamedCells:
    groups = np.full(6, f"s{subject}" if named else subject)
    by = "subject" if named else "image"
    return NamedCells(Path(f"{subject}.png"), Path("labels.tif"), np.arange(6), np.full(6, kind), groups, grouped_by=by)


def fields(*, named: bool = True) -> list[NamedCells]:
    kinds = (("b", "blast"), ("n", "normal"))
    return [field(f"{short}{i}", kind, named=named) for short, kind in kinds for i in range(21)]


def groups(cells) -> set[str]:
    return {name for one in cells for name in one.groups.tolist()}


@pytest.mark.parametrize(("scheme", "number"), [("paper", 6), ("leave-one-out", 7)])
def test_no_subject_is_on_two_sides_of_a_run(scheme, number: int) -> None:
    runs = list(plan_runs(split_folds(fields(), FOLDS), scheme))
    assert len(runs) == number
    for _, (train, choose, test) in runs:
        sides = [groups(train), groups(choose), groups(test)]
        assert len(set.union(*sides)) == sum(map(len, sides))
        assert all(len(side) >= 2 for side in sides)


def test_the_paper_trains_on_one_fold_alone_and_tests_on_the_seventh() -> None:
    parted = split_folds(fields(), FOLDS)
    for (name, (train, choose, test)), fold in zip(plan_runs(parted, "paper"), parted[:-1], strict=True):
        assert groups(train) | groups(choose) == groups(fold), name
        assert groups(test) == groups(parted[-1])


def test_leaving_one_out_tests_each_cell_once() -> None:
    tested = [one for _, (*_, test) in plan_runs(split_folds(fields(), FOLDS), "leave-one-out") for one in test]
    assert sum(len(one.ids) for one in tested) == 2 * 21 * 6
    assert groups(tested) == groups(fields())


def test_rows_have_the_figures_of_the_paper() -> None:
    assert ROWS["eca_vgg16"].paper["accuracy"] == 0.911
    assert ROWS["eca_vgg16"].paper["accuracy sd"] == 0.013
    assert ROWS["vgg16"].paper["accuracy"] == 0.839
    assert ROWS["vgg16_pooled"].paper is None
    assert {row.loss for row in ROWS.values()} == {"cross_entropy"}


def test_a_reduced_budget_says_from_what() -> None:
    full, cpu = BUDGETS["full"].recipe, BUDGETS["laptop"].recipe
    assert (full.crop.side, full.epochs, full.batch, full.learning_rate) == (224, 133, 16, 0.0001)
    assert BUDGETS["full"].suffix == ""
    for figure in (
        f"{cpu.crop.side} px",
        f"{cpu.epochs:g} epochs",
        f"{BUDGETS['laptop'].cells:,} cells",
        "from 224 px",
    ):
        assert figure in BUDGETS["laptop"].suffix
    assert cpu.epochs >= 5
    assert "NO RESULT" in BUDGETS["ci"].suffix


@pytest.mark.parametrize(
    ("scheme", "named", "said"),
    [
        ("paper", True, "Deviations are over the 6 folds trained on: they say nothing of other cells to test on"),
        ("paper", False, "no subject ids: folds are by image"),
        ("leave-one-out", True, "Deviations are over the 7 folds tested on;"),
    ],
)
def test_notes_say_what_deviations_and_folds_are_of(scheme, named: bool, said: str) -> None:
    cells = fields(named=named)
    notes = "\n".join(all_folds._notes(cells, list(plan_runs(split_folds(cells, FOLDS), scheme)), scheme, (0,)))
    assert said in notes
    assert ("may be optimistic" in notes) != named


@pytest.mark.slow
def test_c_nmc_becomes_a_table_and_goes_on_where_it_was(c_nmc: Path, tmp_path: Path) -> None:
    options = ExperimentOptions((c_nmc,), tmp_path, preset="ci", rows=("eca_vgg16_half",))
    first = finish(all_folds_steps(options))
    assert [one.case for one in first.trials] == [f"fold {k}" for k in range(1, 7)]
    assert {int(one.measures.confusion.sum()) for one in first.trials} == {len(first.trials[0].truth)}
    again = finish(all_folds_steps(options))
    assert [one.seconds_to_train for one in again.trials] == [one.seconds_to_train for one in first.trials]

    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    for part in ("NO RESULT", "folds by subject", "Deviations are over the 6 folds trained on", "±"):
        assert part in said
    assert "optimistic" not in said
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (run["scheme"], run["seeds"]) == ("paper", [0])
    for name in ("table.csv", "trials.csv", "roc.png", "confusion.png"):
        assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": ("lenet",)}, "No row 'lenet'. Known: eca_vgg16"),
        ({"preset": "huge"}, "No preset 'huge'. Known: full, laptop, ci"),
        ({"scheme": "holdout"}, "No scheme 'holdout'. Known: paper, leave-one-out"),
    ],
)
def test_what_is_not_there_is_refused_by_name(c_nmc: Path, tmp_path: Path, options, said: str) -> None:
    scheme = options.pop("scheme", "paper")
    with pytest.raises(RecipeError, match=said):
        finish(all_folds_steps(ExperimentOptions((c_nmc,), tmp_path, **options), scheme=scheme))


def test_too_few_subjects_are_refused() -> None:
    with pytest.raises(TrainingError, match="Cells of 10 subjects or images do not make 7 folds"):
        split_folds([*fields()[:5], *fields()[-5:]], FOLDS)
