"""The comparison with each laboratory left out runs from a table to a page, and reads what is finished."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.evaluation import laboratories as measures
from napari_hemalens.experiments import laboratories
from napari_hemalens.experiments.laboratories import BUDGETS, ROWS, SETS, LaboratoriesTable, laboratories_steps
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.running import Budget
from napari_hemalens.formats import cell_table
from napari_hemalens.progress import finish


@pytest.fixture(scope="module")
def data(cells_by_box: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two laboratories under the names of two sets."""
    folder, cells = tmp_path_factory.mktemp("sets"), cell_table.read(cells_by_box / "cells.csv")
    names = np.where(cells.laboratories == "north", "PBC", "Jiangxi")
    cell_table.write(replace(cells, laboratories=names), folder / "cells.csv")
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that needs no start of ImageNet, with small crops and few draws."""
    recipe = BUDGETS["ci"].recipe.model_copy(
        update={
            "network": ClassifierRecipe(network="efficientnet_lite0"),
            "crop": CropRecipe(side=32, width=20.0, unit="um"),
            "accelerator": "cpu",
        }
    )
    monkeypatch.setattr(measures, "_DRAWS", 20)
    monkeypatch.setitem(laboratories.BUDGETS, "ci", Budget(recipe, reduced=BUDGETS["ci"].reduced))  # type: ignore[arg-type]


def test_every_set_has_a_row_without_it_and_one_row_has_them_all() -> None:
    assert set(ROWS) == {"none", *SETS}
    assert ROWS["none"] == ()
    assert all(ROWS[name] == SETS[name] for name in SETS)
    assert "NO RESULT" in BUDGETS["ci"].suffix


def test_strange_laboratories_are_tested_on_all_but_val(data: Path) -> None:
    cells = cell_table.read(data / "cells.csv")
    rows = cells.take(laboratories.tested(cells, ("PBC",)))
    assert set(rows.parts[rows.laboratories == "PBC"]) == {"train", "choose"}
    assert set(rows.parts[rows.laboratories == "Jiangxi"]) == {"choose"}


def test_a_row_is_trained_without_its_set_and_read_when_it_is_finished(data: Path, tmp_path: Path, tiny: None) -> None:
    options = ExperimentOptions((data,), tmp_path, preset="ci", rows=("PBC",))
    table = finish(laboratories_steps(options))
    found = table.rows["PBC"]
    assert (found["PBC"]["cells"], found["segmentation_WBC"]["cells"], found["Munich"]["cells"]) == (36, 12, 0)
    card = json.loads((tmp_path / "trials" / "PBC" / "nucleated-cells.json").read_text(encoding="utf-8"))
    assert set(card["laboratories"]) == {"Jiangxi"}
    page = (tmp_path / "laboratories.md").read_text(encoding="utf-8")
    assert page == table.text() + "\n"
    assert (tmp_path / "trials" / "PBC" / "reliability.png").exists()

    seen = table.strange["PBC"]
    assert len(seen) == 36
    assert not seen.right[~seen.known].any()  # of no class that nothing else has
    assert "## unsure" not in page  # a set is judged by the others, of which there is none

    kept = tmp_path / "trials" / "PBC" / "measures.json"
    written = json.loads(kept.read_text(encoding="utf-8"))
    written["PBC"]["blast AUC"] = [0.125, 0.1, 0.2]
    kept.write_text(json.dumps(written), encoding="utf-8")
    again = finish(laboratories_steps(options))
    np.testing.assert_array_equal(again.strange["PBC"].distances, seen.distances)
    assert again.rows["PBC"]["PBC"]["blast AUC"] == [0.125, 0.1, 0.2]


def test_the_table_marks_what_was_left_out() -> None:
    measured = {"balanced accuracy": [0.5, 0.4, 0.6]}
    recalls = {"recalls": {"basophil": 0.25, "monocyte": 1.0}}
    rows = {"none": {"PBC": measured | recalls}, "PBC": {"PBC": measured | recalls, "Munich": measured}}
    lines = LaboratoriesTable("Title", rows).text().splitlines()
    assert lines[0] == "# Title"
    assert "| none | 0.500 (0.400-0.600) | - | - | - |" in lines
    assert "| PBC | **0.500** (0.400-0.600) | - | - | 0.500 (0.400-0.600) |" in lines
    assert "## blast AUC" in lines
    assert [line for line in lines if line.startswith("- ")] == ["- PBC: basophil 0.25, monocyte 1.00"]


def test_an_unknown_row_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"No row 'Berlin'\. Known: none, PBC"):
        finish(laboratories_steps(ExperimentOptions((data,), tmp_path, preset="ci", rows=("Berlin",))))
