"""Crops of a fold are those that would be cut for it alone, and finished trials are read again."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import TrainingError
from napari_hemalens.experiments import trial as stored
from napari_hemalens.experiments.all_folds import BUDGETS
from napari_hemalens.experiments.fields import BUDGETS as OF_FIELDS
from napari_hemalens.experiments.splits import Partition
from napari_hemalens.experiments.trial import AllCrops, Trial, TrialCrops
from napari_hemalens.formats.named_cells import read_all
from napari_hemalens.records.tasks import task


def test_parts_of_cut_cells_are_those_that_would_be_cut_by_themselves(c_nmc: Path) -> None:
    cells = read_all(c_nmc)[::5]
    recipe, asked = BUDGETS["ci"].recipe, task("all")
    parts = Partition(cells[::-3], cells[1::3], cells[2::3])
    whole = TrialCrops.select(AllCrops(cells, asked, recipe), parts)
    alone = TrialCrops.cut(parts, asked, recipe)
    assert whole.cells == alone.cells
    for one, other in ((whole.choose, alone.choose), (whole.test, alone.test), (whole.train, alone.train)):
        assert (one.pixels == other.pixels).all()
        np.testing.assert_array_equal(one.labels, other.labels)
    assert (whole.train[3, 5][0] == alone.train[3, 5][0]).all()


def test_a_trial_is_read_again_by_a_version_that_has_more_options(tmp_path: Path) -> None:
    recipe = OF_FIELDS["ci"].recipe.model_dump(mode="json")
    plan = {"recipe": recipe, "cells": {"train": 1}}
    before = {**plan, "recipe": {name: value for name, value in recipe.items() if name != "point"}}
    stored._write(
        Trial("alexnet_light", "seed 0", task("field"), np.eye(4, dtype=np.float32), np.arange(4), 1.0, 1.0, 1, before),
        tmp_path / "trial.json",
    )
    assert stored._read(tmp_path / "trial.json", task("field"), plan).row == "alexnet_light"
    with pytest.raises(TrainingError, match="a trial of another recipe"):
        stored._read(tmp_path / "trial.json", task("field"), {**plan, "recipe": {**recipe, "point": 0.5}})
