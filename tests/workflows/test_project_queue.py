"""Runs over the slides of a project: stopped, resumed, failed, each in a folder of its own."""

import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe, ExplanationRecipe
from napari_hemalens.errors import ProjectError, WeightsError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.projects import queue
from napari_hemalens.projects.project import Project
from napari_hemalens.workflows.project_queue import (
    outcomes_of,
    queue_run,
    remove_run,
    run_queue_steps,
    settings_of,
    taught_weights,
)
from napari_hemalens.workflows.project_slides import add_slides, read_slides, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two small slides."""
    Project.create(tmp_path / "project").close()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        iio.imwrite(tmp_path / name, rng.integers(80, 255, (96, 128, 3), dtype=np.uint8))
    add_slides(tmp_path / "project", [tmp_path])
    return tmp_path / "project"


@pytest.fixture
def recipe(untrained: DetectorCard) -> DetectionRecipe:
    """Detection that takes a moment."""
    return DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu")


def test_a_stopped_queue_goes_on_where_it_was_and_then_is_done(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    steps = run_queue_steps(project)
    while "a.png: 1,000 cells" not in next(steps).message:
        pass
    steps.close()
    (stopped,) = outcomes_of(project)
    assert (stopped.run.state, stopped.left, list(stopped.cells)) == ("waiting", ("../b.png",), ["../a.png"])

    shares = [step.share for step in run_queue_steps(project)]
    (done,) = outcomes_of(project)
    assert (done.run.state, done.left, done.names["../b.png"]) == ("done", (), "b.png")
    assert done.sentence == "2 of 2 slides done."
    assert shares == sorted(shares)
    assert (project / "results" / "detect-1" / "counts.csv").exists()
    assert finish(run_queue_steps(project)) == ()


def test_a_run_that_cannot_be_run_does_not_end_the_others(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe.model_copy(update={"weights": "no-such"}))
    queue_run(project, "detect", recipe, slides=["../b.png"])
    failed, done = finish(run_queue_steps(project))
    assert (failed.run.state, done.run.state) == ("failed", "done")
    assert "No weights 'no-such'" in failed.sentence
    assert list(done.cells) == ["../b.png"]
    remove_run(project, "detect-1")
    assert [each.run.name for each in outcomes_of(project)] == ["detect-2"]


def test_a_slide_that_is_gone_is_named_and_the_rest_goes_on(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    (project.parent / "a.png").unlink()
    (outcome,) = finish(run_queue_steps(project))
    assert list(outcome.cells) == ["../b.png"]
    assert "a.png" in outcome.failed["../a.png"]
    assert outcome.sentence == "1 of 2 slides done, 1 failed."


def test_a_slide_that_comes_later_joins_the_same_results(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe, slides=["../a.png"])
    finish(run_queue_steps(project))
    assert queue_run(project, "detect", recipe).name == "detect-1"
    (outcome,) = finish(run_queue_steps(project))
    assert set(outcome.cells) == {"../a.png", "../b.png"}


def test_slides_that_are_removed_take_their_failures_along(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    (project.parent / "a.png").unlink()
    finish(run_queue_steps(project))
    write(read_slides(project).without([0]), project)
    (outcome,) = outcomes_of(project)
    assert (outcome.failed, outcome.sentence) == ({}, "1 of 1 slide done.")

    assert queue_run(project, "detect", recipe).name == "detect-1"
    said = [step.message for step in run_queue_steps(project)]
    assert "detect-1: b.png: 1,000 cells, found before" in said
    assert not any("a.png" in sentence for sentence in said)
    assert [each.run.state for each in outcomes_of(project)] == ["done"]
    assert not (project / "results" / "detect-1" / "failed.csv").exists()


def test_a_slide_that_is_counted_may_leave_and_come_back(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    finish(run_queue_steps(project))
    both = read_slides(project)
    write(both.without([0]), project)
    queue_run(project, "detect", recipe)
    (fewer,) = finish(run_queue_steps(project))
    assert list(fewer.cells) == ["../b.png"]
    assert "a.png" not in (project / "results" / "detect-1" / "counts.csv").read_text(encoding="utf-8")
    write(both, project)
    queue_run(project, "detect", recipe)
    assert "detect-1: a.png: 1,000 cells, found before" in [step.message for step in run_queue_steps(project)]


def test_a_run_that_waits_does_not_look_at_removed_slides(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    write(read_slides(project).without([0]), project)
    (outcome,) = finish(run_queue_steps(project))
    assert (list(outcome.cells), outcome.run.slides, outcome.run.removed) == (
        ["../b.png"],
        ("../b.png",),
        ("../a.png",),
    )


def test_a_run_without_a_slide_left_is_done_and_leaves_no_folder(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    both = read_slides(project)
    write(both.without([0, 1]), project)
    (outcome,) = finish(run_queue_steps(project))
    assert (outcome.run.state, outcome.sentence) == ("done", "0 of 0 slides done.")
    assert not (project / "results").exists()
    write(both, project)
    assert queue_run(project, "detect", recipe).name == "detect-1"


def test_slides_of_the_same_name_may_come_and_go(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    finish(run_queue_steps(project))
    other = project.parent / "day 2" / "a.png"
    other.parent.mkdir()
    other.write_bytes((project.parent / "b.png").read_bytes())
    add_slides(project, [other])
    for slides in (3, 2):
        queue_run(project, "detect", recipe)
        (outcome,) = finish(run_queue_steps(project))
        assert (outcome.run.name, outcome.run.state, len(outcome.cells)) == ("detect-1", "done", slides)
        write(read_slides(project).without([2]), project)


def test_a_run_is_removed_while_it_runs_and_stays_removed(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    steps = run_queue_steps(project)
    next(steps)
    queue_run(project, "detect", recipe, slides=["../b.png"])
    remove_run(project, "detect-1")
    later = [step.message.partition(":")[0] for step in steps]
    assert later[:1] != later[-1:] == ["detect-2"]
    assert later.count("detect-1") <= 1
    assert [each.run.name for each in outcomes_of(project)] == ["detect-2"]


def test_slides_are_needed_and_must_be_those_of_the_project(project: Path, recipe: DetectionRecipe) -> None:
    with pytest.raises(ProjectError, match=r"'c\.png' is no slide of"):
        queue_run(project, "detect", recipe, slides=["c.png"])
    (project / "slides.csv").unlink()
    with pytest.raises(ProjectError, match="has no slides to look at"):
        queue_run(project, "detect", recipe)


def test_settings_are_those_that_the_project_keeps_of_the_dock(project: Path) -> None:
    assert settings_of(project, "detect") == DetectionRecipe()
    kept = {"choices": {"options": {"tissue": "blood", "frame": "T=1", "of_another_version": 1}}}
    (project / "work").mkdir()
    (project / "work" / "detect.json").write_text(json.dumps(kept), encoding="utf-8")
    assert settings_of(project, "detect") == DetectionRecipe(tissue="blood")
    assert settings_of(project, "explain") == ExplanationRecipe()
    kept = {"choices": {"options": {"task": "all", "weights": "all-eca", "embeddings": False}}}
    (project / "work" / "classify.json").write_text(json.dumps(kept), encoding="utf-8")
    assert settings_of(project, "explain") == ExplanationRecipe(task="all", weights="all-eca")


def test_the_queue_is_not_run_twice_at_once(project: Path, recipe: DetectionRecipe) -> None:
    queue_run(project, "detect", recipe)
    with queue.hold(project), pytest.raises(ProjectError, match="is run elsewhere"):
        next(run_queue_steps(project))


def test_without_a_network_of_its_classes_a_project_says_so(project: Path, untrained: DetectorCard) -> None:
    place = project / "results" / "detector"
    place.mkdir(parents=True)
    for file in (untrained.file, untrained.file.with_suffix(".json")):
        (place / file.name).write_bytes(file.read_bytes())
    with pytest.raises(WeightsError, match="Train properly in Teach first"):
        taught_weights(project)
