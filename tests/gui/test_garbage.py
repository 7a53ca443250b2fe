"""All is searched for garbage seldom until the last run has ended, and the new as often as before."""

import gc

import pytest

from napari_hemalens.gui import garbage
from napari_hemalens.gui.garbage import searching_all_seldom


@pytest.fixture(autouse=True)
def before(monkeypatch):
    """Thresholds of their own: a run that another test has left may go on."""
    monkeypatch.setattr(garbage, "_BEFORE", [])
    others = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*others)


def test_only_the_search_of_all_becomes_seldom(before):
    with searching_all_seldom():
        young, middle, old = gc.get_threshold()
    assert (young, middle) == before[:2]
    assert old > before[2]
    assert gc.get_threshold() == before


def test_the_last_of_several_runs_ends_it(before):
    one, other = searching_all_seldom(), searching_all_seldom()
    one.__enter__()
    meanwhile = gc.get_threshold()
    other.__enter__()
    assert gc.get_threshold() == meanwhile
    one.__exit__(None, None, None)
    assert gc.get_threshold() == meanwhile
    other.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_a_run_that_fails_ends_it_too(before):
    with pytest.raises(ValueError, match="broken"), searching_all_seldom():
        raise ValueError("broken")
    assert gc.get_threshold() == before
