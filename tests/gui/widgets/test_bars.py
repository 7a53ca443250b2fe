"""Small widgets: what they show, and what they tell."""

from pathlib import Path

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from napari_hemalens.formats import FORMATS
from napari_hemalens.gui.widgets.exports import ExportBar, SaveDialog
from napari_hemalens.gui.widgets.review import ReviewBar
from napari_hemalens.gui.widgets.running import ask_to_keep
from napari_hemalens.records.taxonomy import CELL_CLASSES

pytestmark = pytest.mark.window


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def review(qtbot):
    bar = ReviewBar()
    qtbot.addWidget(bar)
    bar.show_state("blast", can_undo=True, can_redo=False)
    return bar


@pytest.mark.parametrize(("button", "answer"), [("Keep", True), ("Discard", False), ("Cancel", None), ("", True)])
def test_corrections_are_kept_unless_a_person_says_otherwise(parent, button, answer):
    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert box.text().startswith("3 cells were corrected by hand")
        named = [b for b in box.buttons() if b.text().replace("&", "") == button]
        (named or [box.defaultButton()])[0].click()

    QTimer.singleShot(100, press)
    assert ask_to_keep(parent, 3) is answer


def test_every_format_can_be_saved(parent):
    dialog = SaveDialog(parent)
    for box in dialog.boxes.values():
        box.setChecked(True)
    assert set(dialog.formats()) == set(FORMATS)


def test_saving_asks_for_formats_and_a_folder(qtbot, monkeypatch):
    bar = ExportBar()
    qtbot.addWidget(bar)
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/data/out")
    with qtbot.waitSignal(bar.saved) as saved:
        bar.save.click()
    assert saved.args == [Path("/data/out"), ("csv", "coco")]


def test_no_folder_is_nothing_saved(qtbot, monkeypatch):
    bar = ExportBar()
    qtbot.addWidget(bar)
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    with qtbot.assertNotEmitted(bar.saved):
        bar.save.click()


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
