"""The comparison of Table 1 of the marrow paper runs from annotated images to a table, and resumes."""

import json
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.experiments.detection_table1 import BUDGETS, ROWS, detection_table1_steps, recipe_for, split_data
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.progress import finish
from napari_hemalens.training.detection import TrainingData, read_data


@pytest.fixture(scope="module")
def data(fields: Path) -> TrainingData:
    return read_data([fields], None)


def test_the_three_rows_have_the_figures_of_the_paper() -> None:
    assert [name for name, row in ROWS.items() if row.paper] == list(ROWS)[:3]
    assert list(ROWS)[:3] == ["faster_rcnn", "faster_rcnn_fpn", "faster_rcnn_attention"]
    assert ROWS["faster_rcnn_attention"].paper == {
        "AP": 0.744,
        "AP50": 0.853,
        "AP75": 0.863,
        "APS": 0.988,
        "APM": 0.831,
        "APL": 0.755,
    }


def test_a_reduced_budget_says_so_and_all_rows_share_it() -> None:
    assert BUDGETS["full"].suffix == ""
    assert "reduced" in BUDGETS["laptop"].suffix
    assert BUDGETS["laptop"].recipe.epochs >= 5
    assert "NO RESULT" in BUDGETS["ci"].suffix
    own = {"network": True}
    plain, improved = (
        recipe_for(ROWS[name], BUDGETS["laptop"], 0, 100) for name in ("faster_rcnn", "faster_rcnn_attention")
    )
    assert plain.model_dump(exclude=own) == improved.model_dump(exclude=own)


def test_agents_on_proposals_differ_in_what_they_move_and_learn_alone() -> None:
    improved, proposals = (
        recipe_for(ROWS[name], BUDGETS["laptop"], 0, 100) for name in ("faster_rcnn_attention", "agents_on_proposals")
    )
    moving = proposals.network.refinement
    assert (moving.moves, moving.reward, moving.imitation) == ("proposals", 0, 1)
    assert moving.step * moving.most_steps == improved.network.refinement.step * improved.network.refinement.most_steps
    same = proposals.network.model_copy(update={"refinement": improved.network.refinement})
    assert proposals.model_copy(update={"network": same}) == improved


def test_the_full_budget_takes_the_iterations_of_the_paper() -> None:
    for images in (609, 4_908):
        recipe = recipe_for(ROWS["faster_rcnn"], BUDGETS["full"], 0, images)
        assert recipe.epochs * images / recipe.batch == pytest.approx(30_000)


def test_the_split_of_the_paper_tests_on_a_tenth_that_is_not_trained_on(data: TrainingData) -> None:
    every = [field.provenance.image for field in (*data.train, *data.val)]
    parts = split_data(data, "paper", None)
    assert (len(parts.train), len(parts.val)) == (11, 1)
    few = split_data(data, "val", 4)
    assert (len(few.train), len(few.val)) == (4, 6)
    assert {f.provenance.image for f in few.train} < set(every)


@pytest.mark.slow
def test_three_detectors_are_compared_and_what_is_finished_is_read(fields: Path, tmp_path: Path) -> None:
    rows = ("faster_rcnn_fpn", "faster_rcnn_attention", "agents_on_proposals")
    options = ExperimentOptions((fields,), tmp_path, preset="ci", rows=rows)
    first = finish(detection_table1_steps(options))
    again = finish(detection_table1_steps(options))
    assert [trial.row for trial in first.trials] == list(rows)
    assert again.trials == first.trials
    assert all(trial.gflops > 0 and trial.losses and trial.curve for trial in first.trials)
    starts = {trial.plan["recipe"]["start"] for trial in first.trials}
    assert len(starts) == 1
    assert starts.pop().startswith("pretrained ")
    assert len(list(tmp_path.glob("trials/*/pretraining"))) == 1
    assert [trial.unmoved is not None for trial in first.trials] == [False, True, True]
    assert [trial.bare is not None for trial in first.trials] == [False, False, True]

    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "NO RESULT" in said
    assert "one ResNet, which learned to name crops of single cells" in said
    assert "| Improved model | 0.744 | 0.853 | 0.863 | 0.988 | 0.831 | 0.755 |" in said
    assert "| Improved model, boxes not moved | 1 |" in said
    assert "Improved model, boxes not moved" in first.text()
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (run["split"], run["seeds"], run["images"]["train"]) == ("val", [0], 4)
    for name in ("table.csv", "trials.csv", "curves.png", "boxes.png"):
        assert (tmp_path / name).exists()
    with pytest.raises(TrainingError, match="holds a run on other data"):
        finish(detection_table1_steps(options, split="paper"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": ("yolo",)}, "No row 'yolo'. Known: faster_rcnn, faster_rcnn_fpn, faster_rcnn_attention"),
        ({"preset": "huge"}, "No preset 'huge'. Known: full, laptop, ci"),
        ({"split": "test"}, "No split 'test'. Known: val, paper"),
    ],
)
def test_what_is_not_there_is_refused_by_name(fields: Path, tmp_path: Path, options, said: str) -> None:
    split = options.pop("split", "val")
    with pytest.raises(RecipeError, match=said):
        finish(detection_table1_steps(ExperimentOptions((fields,), tmp_path, **options), split=split))
