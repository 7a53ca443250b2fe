"""Fields and cells of the same images are compared, a field by its cells too, and the figures answer the question."""

import csv
from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.experiments.fields import BUDGETS, ROWS, crop_recipe_for, fields_steps, side_of, split_data
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.progress import finish

PLAIN = ("alexnet_light", "vgg16_pooled", "googlenet", "resnet18", "resnet50", "mobilenet_v2")


def names(cells) -> set[str]:
    return {field.image.name for field in cells}


def test_plain_networks_and_attention_of_every_paper_are_compared() -> None:
    attention = set(ROWS) - set(PLAIN)
    assert {"alexnet_attention", "eca_vgg16_half", "resnet18_cbam", "residual_channel_attention"} <= attention
    assert all(row.network == name for name, row in ROWS.items())
    assert {row.loss for row in ROWS.values()} == {"cross_entropy"}


def test_a_reduced_budget_says_from_what() -> None:
    full, cpu = BUDGETS["full"].recipe, BUDGETS["laptop"].recipe
    assert BUDGETS["full"].suffix == ""
    assert cpu.epochs >= 5
    for figure in (f"{cpu.crop.side} px", f"{cpu.epochs:g} epochs", "1,040 fields"):
        assert figure in BUDGETS["laptop"].suffix
    assert f"from {full.crop.side} px, {full.epochs:g} epochs" in BUDGETS["laptop"].suffix
    assert round(0.8 * BUDGETS["laptop"].cells) == 1_040
    assert "NO RESULT" in BUDGETS["ci"].suffix


def test_both_units_train_and_test_on_the_same_images(field_sets: Path) -> None:
    parts = split_data(field_sets, BUDGETS["full"])
    for fields, cells in zip(parts["fields"], parts["cells"], strict=True):
        assert names(fields) == names(cells)
    sides = [names(side) for side in parts["fields"]]
    assert len(set.union(*sides)) == sum(map(len, sides)) == 40


def test_a_network_on_cells_learns_from_all_cells_of_the_fields(field_sets: Path) -> None:
    parts = split_data(field_sets, BUDGETS["ci"])
    fields, cells = ([sum(len(field.ids) for field in side) for side in parts[unit]] for unit in ("fields", "cells"))
    assert cells == [6 * number for number in fields]
    assert fields[2] == 8


def test_a_reduced_budget_shows_a_cell_at_no_more_pixels_than_it_has() -> None:
    sides = {name: (side_of("fields", budget), side_of("cells", budget)) for name, budget in BUDGETS.items()}
    assert sides == {"full": (224, 224), "laptop": (112, 64), "ci": (64, 64)}


def test_a_field_is_seen_whole_and_a_cell_without_its_surroundings() -> None:
    field, cell = (crop_recipe_for(unit, "reference", 64) for unit in ("fields", "cells"))
    assert (field.unit, field.width, field.stain, field.side) == ("field", 1.0, "reference", 64)
    assert (cell.unit, cell.neighbours, cell.stain, cell.side) == ("diameter", "hidden", "reference", 64)


@pytest.mark.slow
def test_fields_and_cells_become_tables_and_go_on_where_they_were(field_sets: Path, tmp_path: Path) -> None:
    rows = ("alexnet_light", "residual_channel_attention")
    options = ExperimentOptions((field_sets,), tmp_path, preset="ci", rows=rows)
    first = finish(fields_steps(options))
    assert len(first.views) == 6
    for key, found in first.views.items():
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
    again = finish(fields_steps(options, stain="as_is"))
    assert len(again.views) == 3
    for key, found in again.views.items():
        assert [t.seconds_to_train for t in found.trials] == [t.seconds_to_train for t in first.views[key].trials]


def test_what_is_not_there_is_named(field_sets: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"No row 'lenet'\. Known: alexnet_light"):
        finish(fields_steps(ExperimentOptions((field_sets,), tmp_path, rows=("lenet",))))
    with pytest.raises(RecipeError, match="No stain 'pink'"):
        finish(fields_steps(ExperimentOptions((field_sets,), tmp_path), stain="pink"))
    with pytest.raises(RecipeError, match="No preset 'huge'"):
        finish(fields_steps(ExperimentOptions((field_sets,), tmp_path, preset="huge")))
    with pytest.raises(AnnotationError, match="no folders fields and cells with tables: `hemalens prepare field`"):
        finish(fields_steps(ExperimentOptions((tmp_path,), tmp_path)))
