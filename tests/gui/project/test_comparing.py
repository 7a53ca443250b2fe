"""A comparison holds as long as its slides and cells are those of the project."""

from dataclasses import replace

import pytest

from napari_hemalens.gui.project.comparing import LastComparison
from napari_hemalens.projects.queue import QueuedRun
from napari_hemalens.workflows.project_comparison import compare_project
from napari_hemalens.workflows.project_queue import RunOutcome, outcomes_of
from napari_hemalens.workflows.project_slides import read_slides


@pytest.fixture
def now(study):
    """Slides of a project, and what a run found in them."""
    return read_slides(study), outcomes_of(study)


@pytest.fixture
def compared(study, now):
    last = LastComparison()
    last.take(compare_project(study), now)
    return last


def test_it_holds_while_slides_and_cells_are_the_same(compared, now):
    slides, outcomes = now
    other = RunOutcome(QueuedRun(name="classify-1", operation="classify", recipe={}), (), cells={"c0.png": 3})
    compared.check((slides, (*outcomes, other)))
    assert compared.found is not None
    assert not compared.outdated


@pytest.mark.parametrize("what", ["group", "cells", "run"])
def test_it_is_dropped_when_slides_or_cells_have_changed(compared, now, what):
    slides, (outcome,) = now
    changed = {
        "group": (slides.with_text(0, "group", "patients"), (outcome,)),
        "cells": (slides, (replace(outcome, cells={**outcome.cells, "p3.png": 9}),)),
        "run": (slides, ()),
    }
    compared.check(changed[what])
    assert (compared.found, compared.outdated) == (None, True)
    compared.check(now)
    assert compared.outdated  # it does not come back by itself


def test_the_next_comparison_is_not_outdated(compared, now, study):
    compared.check((read_slides(study), ()))
    compared.take(compare_project(study), now)
    assert compared.found is not None
    assert not compared.outdated
    compared.take(None, now)
    assert (compared.found, compared.outdated) == (None, False)


def test_another_language_is_the_same_comparison(compared, now):
    german = replace(compared.found, language="de")
    compared.translate(german)
    compared.check(now)
    assert compared.found is german
