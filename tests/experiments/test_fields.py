"""Fields and cells of the same images are compared, a field by its cells too, and the figures answer the question."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError, RecipeError, TrainingError
from napari_hemalens.experiments import trial as stored
from napari_hemalens.experiments.field_views import FieldViews, average_by_field
from napari_hemalens.experiments.fields import BUDGETS, MEASURES, ROWS, crop_recipe_for, fields_steps, split_data
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.report import Comparison
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import task

PLAIN = ("alexnet_light", "vgg16_pooled", "googlenet", "resnet18", "resnet50", "mobilenet_v2")


def names(cells) -> set[str]:
    return {field.image.name for field in cells}


def trial(row: str, right: int, of: int = 40) -> Trial:
    """Return a trial that names so many of its fields rightly, the same share of each class."""
    truth = np.arange(of) % 4
    called = np.where(np.arange(of) < right, truth, (truth + 1) % 4)
    return Trial(row, "seed 0", task("field"), np.eye(4, dtype=np.float32)[called], truth, 1.0, 1.0, 1, {})


def view(*trials: Trial) -> Comparison:
    return Comparison("", (), MEASURES, {name: ROWS[name] for name in PLAIN}, {}, trials)


def test_plain_networks_and_attention_of_every_paper_are_compared() -> None:
    attention = set(ROWS) - set(PLAIN)
    assert {"alexnet_attention", "eca_vgg16_half", "resnet18_cbam", "residual_channel_attention"} <= attention
    assert all(row.network == name for name, row in ROWS.items())
    assert {row.loss for row in ROWS.values()} == {"cross_entropy"}


def test_a_reduced_budget_says_from_what() -> None:
    full, cpu = BUDGETS["full"].recipe, BUDGETS["cpu"].recipe
    assert BUDGETS["full"].suffix == ""
    assert cpu.epochs >= 5
    for figure in (f"{cpu.crop.side} px", f"{cpu.epochs:g} epochs", "272 fields"):
        assert figure in BUDGETS["cpu"].suffix
    assert f"from {full.crop.side} px, {full.epochs:g} epochs" in BUDGETS["cpu"].suffix
    assert round(0.8 * BUDGETS["cpu"].cells) == 272
    assert "NO RESULT" in BUDGETS["ci"].suffix


def test_both_units_train_and_test_on_the_same_images(field_sets: Path) -> None:
    parts = split_data(field_sets, BUDGETS["full"])
    for fields, cells in zip(parts["fields"], parts["cells"], strict=True):
        assert names(fields) == names(cells)
    sides = [names(side) for side in parts["fields"]]
    assert len(set.union(*sides)) == sum(map(len, sides)) == 40


def test_a_reduced_budget_trains_on_as_many_cells_as_fields(field_sets: Path) -> None:
    parts = split_data(field_sets, BUDGETS["ci"])
    fields, cells = ([sum(len(field.ids) for field in side) for side in parts[unit]] for unit in ("fields", "cells"))
    assert fields[:2] == cells[:2]
    assert (fields[2], cells[2]) == (8, 48)


def test_a_field_is_seen_whole_and_a_cell_without_its_surroundings() -> None:
    field, cell = (crop_recipe_for(unit, "reference", 64) for unit in ("fields", "cells"))
    assert (field.unit, field.width, field.stain, field.side) == ("field", 1.0, "reference", 64)
    assert (cell.unit, cell.neighbours, cell.stain, cell.side) == ("diameter", "hidden", "reference", 64)


def test_a_field_has_the_mean_probability_of_its_cells() -> None:
    p = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0.1, 0.9, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
    of_cells = Trial("a", "seed 0", task("field"), p, np.array([1, 1, 1, 2, 2]), None, 0.1, 1, {})
    cells = [
        NamedCells(Path(f"{k}.png"), None, np.arange(n), np.full(n, "x"), np.full(n, "x")) for k, n in enumerate((3, 2))
    ]
    found = average_by_field(of_cells, cells)
    np.testing.assert_allclose(found.probabilities, [[0.4, 0.6, 0, 0], [0, 0, 0.5, 0.5]], atol=1e-6)
    assert found.truth.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (6 * (20,), "whole fields do better (sign test, p = 0.031)"),
        (6 * (36,), "single cells do (sign test, p = 0.031)"),
        ((20, 20, 20, 20, 20, 36), "neither side does better beyond chance (sign test, p = 0.22)"),
        (6 * (32,), "no run tells the two apart"),
    ],
)
def test_the_answer_is_what_a_sign_test_over_the_runs_allows(cells: tuple[int, ...], said: str) -> None:
    fields = view(*(trial(name, 32) for name in PLAIN))
    by_cells = view(*(trial(name, right) for name, right in zip(PLAIN, cells, strict=False)))
    (answer,) = FieldViews("", (), {("as_is", "fields"): fields, ("as_is", "by_cells"): by_cells}).answers()
    assert said in answer
    assert "0.800 where the network saw the whole field" in answer
    assert f"{sum(cells) / 240:.3f} where the field was named by the mean" in answer


def test_without_both_sides_nothing_is_answered() -> None:
    assert FieldViews("", (), {("as_is", "fields"): view(trial("alexnet_light", 30))}).answers() == ()


@pytest.mark.slow
def test_fields_and_cells_become_tables_and_go_on_where_they_were(field_sets: Path, tmp_path: Path) -> None:
    rows = ("alexnet_light", "residual_channel_attention")
    options = ExperimentOptions((field_sets,), tmp_path, preset="ci", rows=rows)
    first = finish(fields_steps(options))
    again = finish(fields_steps(options))
    assert len(first.views) == 6
    for key, found in first.views.items():
        assert [t.seconds_to_train for t in found.trials] == [t.seconds_to_train for t in again.views[key].trials]
        assert {len(t.truth) for t in found.trials} == {48 if key[1] == "cells" else 8}
        for name in ("table.csv", "trials.csv", "table.md", "confusion.png", "run.json"):
            assert (tmp_path / f"{key[1]}-{key[0]}" / name).exists()
        assert (tmp_path / f"{key[1]}-{key[0]}" / "gradients.png").exists() == (key[1] == "fields")
    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    for part in ("NO RESULT", "Stain and background go with the class", "no patient ids", "One seed", "32 fields"):
        assert part in said
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["of"] for row in rows[::2]] == 2 * ["whole fields", "fields by their cells", "single cells"]
    assert {row["stain"] for row in rows} == {"stain as it is", "stain normalised"}


def test_what_is_not_there_is_named(field_sets: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"No row 'lenet'\. Known: alexnet_light"):
        finish(fields_steps(ExperimentOptions((field_sets,), tmp_path, rows=("lenet",))))
    with pytest.raises(RecipeError, match="No preset 'huge'"):
        finish(fields_steps(ExperimentOptions((field_sets,), tmp_path, preset="huge")))
    with pytest.raises(AnnotationError, match="no folders fields and cells with tables: `hemalens prepare field`"):
        finish(fields_steps(ExperimentOptions((tmp_path,), tmp_path)))


def test_a_trial_is_read_again_by_a_version_that_has_more_options(tmp_path: Path) -> None:
    recipe = BUDGETS["ci"].recipe.model_dump(mode="json")
    plan = {"recipe": recipe, "cells": {"train": 1}}
    before = {**plan, "recipe": {name: value for name, value in recipe.items() if name != "point"}}
    stored._write(replace(trial("alexnet_light", 30), plan=before), tmp_path / "trial.json")
    assert stored._read(tmp_path / "trial.json", task("field"), plan).row == "alexnet_light"
    with pytest.raises(TrainingError, match="a trial of another recipe"):
        stored._read(tmp_path / "trial.json", task("field"), {**plan, "recipe": {**recipe, "point": 0.5}})
