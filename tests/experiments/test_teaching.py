"""A simulated annotator teaches; cells that measure are of another part."""

import json
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.teaching import teaching_steps
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Forty pictures of one cell each to teach on and twelve to measure on, of two colours, and rejects among them."""
    folder, rng = tmp_path / "cells", np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    y, x = np.mgrid[:40, :40]
    for part, number in (("train", 40), ("val", 12)):
        rows = []
        for k in range(number):
            rgb = np.full((40, 40, 3), 230) + rng.normal(0, 3, (40, 40, 3))
            rgb[np.hypot(y - 20, x - 20) < 12] = np.array([(60, 30, 140), (190, 60, 60)][k % 2]) + rng.normal(0, 8, 3)
            iio.imwrite(folder / "images" / f"{part}{k}.png", rgb.clip(0, 255).astype(np.uint8))
            rows.append((f"{part}{k}.png", "not_identifiable" if k == 5 else ("blue", "red")[k % 2]))
        write_csv(folder / f"{part}.csv", ("image", "class"), rows)
    return folder


def test_each_strategy_is_measured_and_a_finished_trial_is_read(
    cells: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    options = ExperimentOptions((cells,), tmp_path / "out", "ci", (0, 1), ("margin-diversity", "random"))
    table = finish(teaching_steps(options, weights=str(nucleated.file), train=False))
    assert {name: np.shape(of) for name, of in table.trials.items()} == {
        "margin-diversity": (2, 2),
        "random": (2, 2),
    }
    assert all(0 <= value <= 1 for of in table.trials.values() for trial in of for value in trial)
    assert {file.name for file in (tmp_path / "out").glob("teaching.*")} == {
        "teaching.md",
        "teaching.csv",
        "teaching.png",
    }
    trial = tmp_path / "out" / "trials" / "random-1.json"
    trial.write_text(json.dumps(json.loads(trial.read_text()) | {"balanced_accuracy": [0.1, 0.2]}))
    again = finish(teaching_steps(options, weights=str(nucleated.file), train=False))
    assert again.trials["random"][1] == [0.1, 0.2]
    with pytest.raises(RecipeError, match="zebra"):
        next(teaching_steps(ExperimentOptions((cells,), tmp_path, "ci", (0,), ("zebra",)), weights="w"))


def test_the_network_is_trained_from_the_labels_and_goes_on_after_a_stop(
    cells: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    options = ExperimentOptions((cells,), tmp_path / "out", "ci", (0,), ("margin",))
    steps = teaching_steps(options, weights=str(nucleated.file))
    while "training" not in next(steps).message:
        pass
    steps.close()
    table = finish(teaching_steps(options, weights=str(nucleated.file)))
    assert 0 <= table.trained[0] <= 1
    said = (tmp_path / "out/trials/train-properly-0/project/labels.jsonl").read_text(encoding="utf-8")
    assert said.count('"kind":"label"') == 30
    trial = tmp_path / "out/trials/train-properly-0.json"
    trial.write_text(json.dumps(json.loads(trial.read_text()) | {"balanced_accuracy": [0.125]}))
    assert finish(teaching_steps(options, weights=str(nucleated.file))).trained == (0.125,)
    longer = replace(options, changes=("epochs=0.4",))
    assert finish(teaching_steps(longer, weights=str(nucleated.file))).trained != (0.125,)
    assert (tmp_path / "out/trials/train-properly-0, epochs=0.4/project/labels.jsonl").exists()


def test_the_title_says_what_was_changed_of_the_training(
    cells: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    options = ExperimentOptions((cells,), tmp_path / "out", "ci", (0,), ("random",), ("epochs=0.4",))
    table = finish(teaching_steps(options, weights=str(nucleated.file), train=False))
    assert table.title.endswith("(NO RESULT, a test of the machinery; with epochs=0.4)")
