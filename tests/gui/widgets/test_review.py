"""Classes, undo and the known count, as a person gives them."""

import pytest

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
    assert review.button.text() == "Class: blast"
    review.show_state("plasma_cell", can_undo=False, can_redo=False)
    assert review.button.text() == "Class: plasma cell"


def test_a_known_count_is_told(review, qtbot):
    review.count.value = 123
    with qtbot.waitSignal(review.calibrated) as told:
        review.set_score.click()
    assert told.args == [123]
