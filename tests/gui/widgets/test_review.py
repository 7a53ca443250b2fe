"""Classes, undo and the known count, as a person gives them."""

import pytest

from napari_hemalens.gui.detect.review_queue import Waiting
from napari_hemalens.gui.widgets.review import ReviewBar
from napari_hemalens.records.taxonomy import CELL_CLASSES

pytestmark = pytest.mark.window


@pytest.fixture
def review(qtbot):
    bar = ReviewBar()
    qtbot.addWidget(bar)
    bar.show_state("blast", can_undo=True, can_redo=False)
    return bar


def test_the_menu_offers_every_class(review, qtbot):
    actions = review.menu.actions()
    assert [action.data() for action in actions] == [cell.name for cell in CELL_CLASSES]
    with qtbot.waitSignal(review.classified) as chosen:
        actions[11].trigger()
    assert chosen.args == ["plasma_cell"]


def test_undo_and_redo_can_be_pressed_when_there_is_something_to(review, qtbot):
    assert (review.undo.isEnabled(), review.redo.isEnabled()) == (True, False)
    with qtbot.waitSignal(review.undone):
        review.undo.click()


def test_the_class_of_the_next_box_is_shown(review):
    assert review.button.text() == "blast"
    review.show_state("plasma_cell", can_undo=False, can_redo=False)
    assert (review.button.text(), review.button.accessibleName()) == ("plasma cell", "Class: plasma cell")


def test_a_known_count_is_told(review, qtbot):
    review.count.value = 123
    with qtbot.waitSignal(review.calibrated) as told:
        review.set_score.click()
    assert told.args == [123]


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        (Waiting(cells=1234, unsure=5), "Review the least certain (1,234)"),
        (Waiting(), "All cells are reviewed"),
    ],
)
def test_the_button_says_what_comes_next_and_how_many_are_left(review, waiting, words):
    review.show_waiting(waiting, "Cell 5: blast", locked=False)
    assert (review.next.text(), review.next.isEnabled()) == (words, waiting.cells > 0)
    assert (review.words.text(), review.words.isHidden()) == ("Cell 5: blast", False)


def test_during_a_run_no_cell_is_reviewed(review):
    review.show_waiting(Waiting(cells=5), "", locked=True)
    assert not review.next.isEnabled()
    assert not review.accept.isEnabled()
    assert review.words.isHidden()


def test_the_next_cell_and_accepting_are_asked_for(review, qtbot):
    review.show_waiting(Waiting(cells=5), "", locked=False)
    with qtbot.waitSignal(review.asked):
        review.next.click()
    with qtbot.waitSignal(review.accepted):
        review.accept.click()
