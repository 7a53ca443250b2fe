"""A recipe on folds: every cell is tested on once, by a network that never saw its image."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments.cross_validation import cross_validation_steps
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.progress import finish

RECIPE = CLASSIFICATION["smoke"].model_copy(update={"accelerator": "cpu", "keep": "last"})


@pytest.mark.slow
def test_every_cell_is_tested_on_once(micronuclei: Path, tmp_path: Path) -> None:
    options = ExperimentOptions((micronuclei,), tmp_path)
    found = finish(cross_validation_steps(options, RECIPE, task_name="micronucleus", folds=2))
    assert [trial.case for trial in found.trials] == ["fold 1", "fold 2"]
    assert sum(len(trial.truth) for trial in found.trials) == 64
    assert all(np.bincount(trial.truth, minlength=2).min() > 0 for trial in found.trials)
    assert all(trial.plan["cells"]["train"] + len(trial.truth) == 64 for trial in found.trials)
    assert "the epoch kept is the last" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "±" in found.text()


@pytest.mark.slow
def test_the_epoch_that_ranks_best_is_chosen_on_cells_of_neither_side(micronuclei: Path, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"keep": "best"})
    options = ExperimentOptions((micronuclei,), tmp_path)
    found = finish(cross_validation_steps(options, recipe, task_name="micronucleus", folds=2))
    for trial in found.trials:
        cells = trial.plan["cells"]
        assert cells["choose"] > 0
        assert cells["train"] + cells["choose"] + cells["test"] == 64
    assert "ranks best 15 %" in found.markdown()


@pytest.mark.slow
def test_own_classes_of_whole_fields_are_cross_validated_too(all_fields: Path, tmp_path: Path) -> None:
    crop = CropRecipe(side=64, unit="field", width=1.0)
    options = ExperimentOptions((all_fields / "all_fields",), tmp_path)
    found = finish(cross_validation_steps(options, RECIPE.model_copy(update={"crop": crop}), task_name="own", folds=2))
    assert found.trials[0].task.classes == ("benign", "early", "pre", "pro")
    assert sum(len(trial.truth) for trial in found.trials) == 4 * 8
    with pytest.raises(RecipeError, match="has a class as a whole"):
        finish(cross_validation_steps(options, RECIPE, task_name="own", folds=2))
