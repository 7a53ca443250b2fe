"""Images that a person removes during a run."""

import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.jobs import Update
from napari_hemalens.gui.detect.run_fields import RunFields


@pytest.fixture
def fields():
    return [Field(name) for name in ("a", "b", "c")]


def test_an_image_that_is_removed_hears_no_more_and_others_do(fields):
    run = RunFields(fields)
    assert run.follow(Update(0, "", 0)) is fields[0]
    assert run.lose(fields[0], found=False)
    assert not run.lose(fields[0], found=True)  # said already
    assert run.follow(Update(0, "", 0)) is None
    assert run.follow(Update(1, "", 0)) is fields[1]
    assert not run.over


def test_an_image_that_is_done_may_be_removed(fields):
    run = RunFields(fields)
    run.follow(Update(1, "", 0))
    assert not run.lose(fields[0], found=True)
    assert run.lost == {}


def test_the_run_is_over_once_all_that_is_left_of_it_is_removed(fields):
    run = RunFields(fields)
    run.follow(Update(1, "", 0))
    run.lose(fields[2], found=False)
    assert not run.over
    run.lose(fields[1], found=False)
    assert run.over
    assert run.end_words(failed=0) == "1 of 3 images are done."
    assert run.end_words(failed=1) == "0 of 3 images are done."


def test_what_is_kept_of_an_image_is_said(fields):
    with_layer = Field("d", image=Image(np.zeros((4, 4))))
    run = RunFields([*fields, with_layer])
    for f, found in zip(run.fields, (True, False, True, False), strict=True):
        run.lose(f, found=found)
    said = [*run.lost.values()]
    assert said[0] == "The image a was removed; the cells that were found in it are kept."
    assert said[1] == "The image b was removed before any of its cells were found: nothing is kept of it."
    assert said[3] == "The cells of d were removed; Undo brings them back."


def test_the_only_image_of_a_run_is_stopped_or_not_done(fields):
    run = RunFields(fields[:1])
    assert run.end_words(failed=1) == "Nothing was done."
    run.lose(fields[0], found=False)
    assert run.end_words(failed=0) == "Stopped."
