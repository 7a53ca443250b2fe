"""The queue of a project: kept in a file, gone on with, run by one at a time."""

import json
from pathlib import Path

import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects import queue
from napari_hemalens.projects.queue import Operation, QueuedRun

RECIPE = {"weights": "marrow-lite"}


def add(folder: Path, *slides: str, operation: Operation = "detect", methods: tuple[str, ...] = ()) -> QueuedRun:
    asked = QueuedRun(name="", operation=operation, recipe=RECIPE, methods=methods, slides=slides)
    return queue.add(folder, asked, {"a.tif", "b.tif"})


def settle(folder: Path, run: QueuedRun, **said: str) -> None:
    queue.change(folder, lambda now: now.with_run(run.model_copy(update=said)))


def test_runs_are_named_in_their_order_and_come_back(tmp_path: Path) -> None:
    assert queue.read(tmp_path).runs == ()
    added = (add(tmp_path, "a.tif"), add(tmp_path, "a.tif", operation="explain", methods=("grad-cam",)))
    assert [run.name for run in added] == ["detect-1", "explain-1"]
    assert queue.read(tmp_path).runs == added
    assert added[0].results(tmp_path) == tmp_path / "results" / "detect-1"


def test_the_same_options_over_more_slides_go_on_in_the_same_folder(tmp_path: Path) -> None:
    settle(tmp_path, add(tmp_path, "a.tif"), state="done")
    more = add(tmp_path, "a.tif", "b.tif")
    assert (more.name, more.state) == ("detect-1", "waiting")
    assert add(tmp_path, "b.tif").name == "detect-2"  # without a.tif, which is still there, it is another run


def test_a_run_goes_on_without_slides_that_were_removed(tmp_path: Path) -> None:
    settle(tmp_path, add(tmp_path, "a.tif", "gone.tif"), state="done")
    fewer = add(tmp_path, "a.tif", "b.tif")
    assert (fewer.name, fewer.slides, fewer.removed) == ("detect-1", ("a.tif", "b.tif"), ("gone.tif",))
    again = add(tmp_path, "gone.tif", "a.tif", "b.tif")
    assert (again.name, again.removed) == ("detect-1", ())
    assert queue.read(tmp_path).runs == (again,)


def test_results_of_slides_that_are_all_gone_are_left_alone(tmp_path: Path) -> None:
    settle(tmp_path, add(tmp_path, "gone.tif"), state="done")
    assert add(tmp_path, "a.tif").name == "detect-2"


def test_what_failed_or_was_removed_is_not_gone_on_with(tmp_path: Path) -> None:
    settle(tmp_path, add(tmp_path, "a.tif"), state="failed", reason="No weights.")
    assert add(tmp_path, "a.tif").name == "detect-2"
    (tmp_path / "results" / "detect-7").mkdir(parents=True)
    queue.change(tmp_path, lambda now: now.without("detect-2"))
    assert add(tmp_path, "a.tif").name == "detect-8"


def test_a_run_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    add(tmp_path, "a.tif")
    with pytest.raises(ProjectError, match=r"No run 'detect-2'. Known: detect-1\."):
        queue.read(tmp_path).without("detect-2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Move it away to begin a new queue"),
        (json.dumps({"format": "hemalens-queue", "version": 2}), "by a newer HemaLens"),
        (json.dumps({"format": "hemalens-queue", "runs": [{"name": "x"}]}), "does not describe a queue: runs.0.operat"),
    ],
)
def test_a_queue_that_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "queue.json").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=said):
        add(tmp_path, "a.tif")
    assert (tmp_path / "queue.json").read_text(encoding="utf-8") == text


def test_a_queue_is_run_by_one_process_at_a_time(tmp_path: Path) -> None:
    with queue.hold(tmp_path), pytest.raises(ProjectError, match="is run elsewhere"), queue.hold(tmp_path):
        pass
    with queue.hold(tmp_path):
        add(tmp_path, "a.tif")  # which may be added to meanwhile
