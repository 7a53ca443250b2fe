"""What became of runs, as their results and the table of slides say now."""

import json
from pathlib import Path

import pytest

from napari_hemalens.projects import queue
from napari_hemalens.projects.queue import Queue, QueuedRun
from napari_hemalens.projects.slides_table import ProjectSlide, SlidesTable, write
from napari_hemalens.workflows.run_outcomes import (
    end_in_words,
    outcomes_of,
    slide_in_words,
    slides_in_table,
    slides_left,
)

RUN = QueuedRun(name="detect-1", operation="detect", recipe={}, slides=("a.png", "day 2/a.png", "b.png", "c.png"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a run of four slides, of which one failed and one was not looked at yet."""
    queue.change(tmp_path, lambda _: Queue(runs=(RUN,)))
    said = {
        "images": [
            {"image": "a.png", "path": str(tmp_path / "a.png"), "cells": 7},
            {"image": "day 2/a.png", "path": str(tmp_path / "day 2" / "a.png"), "cells": 8},
        ],
        "failed": [{"image": str(tmp_path / "b.png"), "reason": "b.png is empty."}],
    }
    RUN.results(tmp_path).mkdir(parents=True)
    (RUN.results(tmp_path) / "run.json").write_text(json.dumps(said), encoding="utf-8")
    in_table(tmp_path, *RUN.slides)
    return tmp_path


def in_table(folder: Path, *paths: str) -> None:
    write(SlidesTable(tuple(map(ProjectSlide, paths))), folder)


def test_slides_are_counted_failed_or_left(folder: Path) -> None:
    (outcome,) = outcomes_of(folder)
    assert outcome.cells == {"a.png": 7, "day 2/a.png": 8}
    assert (outcome.failed, outcome.left) == ({"b.png": "b.png is empty."}, ("c.png",))
    assert outcome.sentence == "2 of 4 slides done, 1 failed."


def test_of_slides_that_left_the_table_nothing_is_said(folder: Path) -> None:
    in_table(folder, "day 2/a.png", "c.png")
    (outcome,) = outcomes_of(folder)
    assert (outcome.cells, outcome.failed, outcome.left) == ({"day 2/a.png": 8}, {}, ("c.png",))
    assert outcome.sentence == "1 of 2 slides done."


def test_a_slide_that_left_the_run_is_not_taken_for_its_namesake(folder: Path) -> None:
    queue.change(folder, lambda now: now.with_run(RUN.over(["a.png", "b.png"])))
    (outcome,) = outcomes_of(folder)
    assert outcome.cells == {"a.png": 7}


def test_a_slide_is_said_with_what_each_run_found_in_it(folder: Path) -> None:
    outcomes = outcomes_of(folder) * 2
    assert slide_in_words(outcomes, "a.png") == ("detect-1: 7 cells, detect-1: 7 cells", "")
    assert slide_in_words(outcomes[:1], "b.png") == ("detect-1: failed", "b.png is empty.")
    assert slide_in_words(outcomes, "c.png") == ("", "")


def test_the_end_of_runs_names_the_button_that_tries_again(folder: Path) -> None:
    assert end_in_words(outcomes_of(folder)) == "Done; 1 failed, see below: the same button tries it again."
    assert end_in_words(()) == "Done."


def test_a_table_that_cannot_be_read_hides_no_slide(folder: Path) -> None:
    (folder / "slides.csv").write_text("nonsense\n1\n", encoding="utf-8")
    assert slides_in_table(folder) is None
    assert slides_left(RUN, None) == RUN.slides
    assert len(outcomes_of(folder)[0].cells) == 2
