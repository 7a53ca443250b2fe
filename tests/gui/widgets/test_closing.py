"""Closing a window asks before corrections are lost."""

from types import SimpleNamespace

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QCloseEvent, QHideEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QMainWindow, QMessageBox, QWidget

from napari_hemalens.gui.widgets import closing
from napari_hemalens.gui.widgets.closing import ClosingQuestion, ask_before_closing, ask_to_save, keep_before_closing

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


@pytest.fixture
def frame(qtbot):
    """What the question asks of a viewer: a window that shows a canvas; napari's takes two seconds to open."""
    window = QMainWindow()
    window._qt_viewer = QWidget()
    window.setCentralWidget(window._qt_viewer)
    qtbot.addWidget(window)
    window.show()
    return SimpleNamespace(window=SimpleNamespace(_qt_window=window))


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
def test_the_window_closes_as_the_person_says(frame, answering, tmp_path, word, folder, expected):
    keeper = Keeper()
    ask_before_closing(frame, keeper)
    asked = answering(word, tmp_path / folder if folder else "")
    assert closes(frame) is expected
    assert asked == [3]
    assert keeper.folders == ([tmp_path / "out"] if word == "save" and folder else [])


def test_the_close_button_of_a_real_window_is_refused(viewer, answering):
    ask_before_closing(viewer, Keeper())
    answering("cancel")
    assert not viewer.window._qt_window.close()
    assert viewer.window._qt_window.isVisible()


def test_nobody_is_asked_where_all_is_saved(frame, answering):
    asked = answering("cancel")
    ask_before_closing(frame, Keeper(0))
    assert closes(frame)
    assert asked == []


def test_a_window_stays_open_where_saving_fails(frame, answering, monkeypatch):
    said = []
    monkeypatch.setattr(closing, "show_warning", said.append)
    ask_before_closing(frame, Keeper(fails=True))
    answering("save")
    assert not closes(frame)
    assert said == ["Nothing could be saved."]


def test_one_question_is_asked_for_all_docks(frame, answering):
    asked = answering("discard")
    first, second = Keeper(1), Keeper(4)
    for keeper in (first, second, first):
        ask_before_closing(frame, keeper)
    assert closes(frame)
    assert asked == [5]


class Hidden(QHideEvent):
    """A window is hidden, by itself or by the desktop that minimises it."""

    def __init__(self, *, by_desktop):
        super().__init__()
        self._by_desktop = by_desktop

    def spontaneous(self):
        return self._by_desktop


def test_a_project_ends_with_its_window_and_not_when_that_is_minimised(frame):
    class Project:
        ended = False

        def keep_at_end(self):
            pass

        def end(self):
            self.ended = True

    project, window = Project(), frame.window._qt_window
    keep_before_closing(frame, project)
    question = window.findChild(ClosingQuestion)
    question.eventFilter(window, Hidden(by_desktop=False))
    assert not project.ended
    assert closes(frame)  # as far as HemaLens is asked; napari may ask, too
    question.eventFilter(window, Hidden(by_desktop=True))
    assert not project.ended
    question.eventFilter(window, Hidden(by_desktop=False))
    assert project.ended


def test_a_script_that_closes_the_viewer_is_not_asked(viewer, answering):
    asked = answering("cancel")
    ask_before_closing(viewer, Keeper())
    viewer.close()
    assert asked == []


@pytest.mark.parametrize(("button", "word"), [("Save", "save"), ("Discard", "discard"), ("Cancel", "cancel")])
def test_the_question_names_the_number_of_cells(frame, button, word):
    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert box.text().startswith("2 corrected cells are not saved")
        next(b for b in box.buttons() if b.text().replace("&", "").strip() == button).click()

    QTimer.singleShot(100, press)
    assert ask_to_save(frame.window._qt_window, 2) == word
