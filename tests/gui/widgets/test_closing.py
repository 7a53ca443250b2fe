"""Closing a window asks before corrections are lost."""

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from napari_hemalens.gui.widgets import closing
from napari_hemalens.gui.widgets.closing import ClosingQuestion, ask_before_closing, ask_to_save

pytestmark = pytest.mark.window


class Keeper:
    """Holds corrections until they are saved."""

    def __init__(self, unsaved=3, *, fails=False):
        self.unsaved, self.fails, self.folders = unsaved, fails, []

    def save_now(self, folder):
        self.folders.append(folder)
        self.unsaved = self.unsaved if self.fails else 0
        return ("Nothing could be saved.",) if self.fails else ("Saved.",)


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


def closes(viewer):
    """Whether the window would close; it stays open for the rest of the test."""
    window, event = viewer.window._qt_window, QCloseEvent()
    held = window.findChild(ClosingQuestion).eventFilter(window, event)
    assert held is not event.isAccepted()
    return not held


@pytest.fixture
def answering(monkeypatch, tmp_path):
    """Answer the question; what was asked is kept."""
    asked = []

    def answer(word, folder=tmp_path):
        monkeypatch.setattr(closing, "ask_to_save", lambda _, number: asked.append(number) or word)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        return asked

    return answer


@pytest.mark.parametrize(
    ("word", "folder", "expected"),
    [("cancel", "", False), ("discard", "", True), ("save", "", False), ("save", "out", True)],
)
def test_the_window_closes_as_the_person_says(viewer, answering, tmp_path, word, folder, expected):
    keeper = Keeper()
    ask_before_closing(viewer, keeper)
    asked = answering(word, tmp_path / folder if folder else "")
    assert closes(viewer) is expected
    assert asked == [3]
    assert keeper.folders == ([tmp_path / "out"] if word == "save" and folder else [])


def test_the_close_button_of_a_real_window_is_refused(viewer, answering):
    ask_before_closing(viewer, Keeper())
    answering("cancel")
    assert not viewer.window._qt_window.close()
    assert viewer.window._qt_window.isVisible()


def test_nobody_is_asked_where_all_is_saved(viewer, answering):
    asked = answering("cancel")
    ask_before_closing(viewer, Keeper(0))
    assert closes(viewer)
    assert asked == []


def test_a_window_stays_open_where_saving_fails(viewer, answering, monkeypatch):
    said = []
    monkeypatch.setattr(closing, "show_warning", said.append)
    ask_before_closing(viewer, Keeper(fails=True))
    answering("save")
    assert not closes(viewer)
    assert said == ["Nothing could be saved."]


def test_one_question_is_asked_for_all_docks(viewer, answering):
    asked = answering("discard")
    first, second = Keeper(1), Keeper(4)
    for keeper in (first, second, first):
        ask_before_closing(viewer, keeper)
    assert closes(viewer)
    assert asked == [5]


def test_a_script_that_closes_the_viewer_is_not_asked(viewer, answering):
    asked = answering("cancel")
    ask_before_closing(viewer, Keeper())
    viewer.close()
    assert asked == []


@pytest.mark.parametrize(("button", "word"), [("Save", "save"), ("Discard", "discard"), ("Cancel", "cancel")])
def test_the_question_names_the_number_of_cells(viewer, button, word):
    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert box.text().startswith("2 corrected cells are not saved")
        next(b for b in box.buttons() if b.text().replace("&", "").strip() == button).click()

    QTimer.singleShot(100, press)
    assert ask_to_save(viewer.window._qt_window, 2) == word
