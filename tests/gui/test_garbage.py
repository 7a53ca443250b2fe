"""What was there before a run is not searched for garbage until the last run has ended."""

import gc
import weakref

import pytest

from napari_hemalens.gui.garbage import leaving_the_old_alone


class Knot:
    """Garbage, once nobody holds it: it holds itself."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def thawed():
    gc.unfreeze()
    yield
    assert gc.get_freeze_count() == 0


def test_the_old_is_left_alone_and_searched_afterwards():
    old = Knot()
    told = weakref.ref(old)
    with leaving_the_old_alone():
        del old
        gc.collect()
        assert told() is not None
    gc.collect()
    assert told() is None


def test_the_new_is_searched_meanwhile():
    with leaving_the_old_alone():
        told = weakref.ref(Knot())
        gc.collect()
        assert told() is None


def test_the_last_of_several_runs_ends_it():
    one, other = leaving_the_old_alone(), leaving_the_old_alone()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert gc.get_freeze_count() > 0
    other.__exit__(None, None, None)
    assert gc.get_freeze_count() == 0


def test_a_run_that_fails_ends_it_too():
    with pytest.raises(ValueError, match="broken"), leaving_the_old_alone():
        raise ValueError("broken")
