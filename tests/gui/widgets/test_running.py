"""What is asked before a run, and how far it is."""

import pytest
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QLabel, QMessageBox, QProgressBar, QWidget

from napari_hemalens.gui.widgets.running import RunBar, ask_to_keep

pytestmark = pytest.mark.window


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


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


def test_a_refusal_does_not_stand_under_the_end_of_an_earlier_run(qtbot):
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.show_running(True)
    bar.say("Not all of it.")
    bar.show_progress("tile 1 of 4", 0.25)
    bar.say("A run goes on.")
    assert (bar.words.text(), bar.message.text()) == ("tile 1 of 4", "A run goes on.")
    bar.show_running(False)
    bar.show_progress("Done.", 1.0)
    assert (bar.words.text(), bar.message.text()) == ("Done.", "A run goes on.")
    bar.say("There is no image.")
    assert (bar.words.text(), bar.bar.value(), bar.message.text()) == ("", 0, "There is no image.")


def test_the_bar_follows_a_run(qtbot):
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.say("It failed: no such file")
    bar.show_running(True)
    bar.show_progress("tile 1 of 4", 0.25)
    assert (bar.run.isEnabled(), bar.stop.isEnabled()) == (False, True)
    assert bar.bar.value() == bar.bar.maximum() / 4
    assert bar.message.isHidden()
    bar.show_remaining("about 3 minutes left")
    assert bar.left.text() == "about 3 minutes left"
    bar.show_running(False)
    assert (bar.run.isEnabled(), bar.stop.isEnabled()) == (True, False)


def test_an_end_that_one_line_has_no_room_for_is_said_whole(qtbot):
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.resize(200, 200)
    end = "19 cells are ready to be named; 549 red cells and platelets left out."
    bar.show_running(True)
    bar.show_progress(end, 0.5)
    assert (bar.words.isHidden(), bar.summary.isHidden()) == (False, True)  # lines of a run do not jump
    bar.show_running(False)
    bar.show_progress(end, 1.0)
    assert (bar.words.isHidden(), bar.summary.isHidden(), bar.summary.text()) == (True, False, end)
    bar.show_progress("Done.", 1.0)
    assert (bar.words.isHidden(), bar.summary.isHidden()) == (False, True)


@pytest.mark.parametrize("beside", [4, 14, 24])
def test_the_end_of_a_run_that_nearly_fits_its_line_is_not_elided(qtbot, beside):
    bar, end = RunBar(), "Stopped: a layer that the run needs was removed."
    qtbot.addWidget(bar)
    bar.setStyleSheet("QLabel { padding: 1px }")
    bar.show()
    bar.resize(bar.words.fontMetrics().horizontalAdvance(end) + beside, 200)
    bar.show_progress(end, 1.0)
    seen = bar.summary.text() if bar.summary.isVisible() else QLabel.text(bar.words)
    assert seen == end


def test_stop_is_offered_while_files_are_written(qtbot):
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.show_writing(True)
    assert (bar.run.isEnabled(), bar.stop.isEnabled()) == (True, True)
    bar.show_running(True)
    bar.show_running(False)
    assert bar.stop.isEnabled()
    bar.show_writing(False)
    assert not bar.stop.isEnabled()


def test_what_answers_a_person_is_told_and_steps_of_writing_once(qtbot):
    bar, told = RunBar(), []
    qtbot.addWidget(bar)
    bar.told.connect(told.append)
    for sentence in ("There is no image.", "There is no image.", ""):
        bar.say(sentence)
    assert told == [bar.message] * 2  # asked twice
    bar.note("The network is trained.")
    assert (bar.message.text(), told) == ("The network is trained.", [bar.message] * 2)
    bar.say("Of the image before.")
    told.clear()
    bar.show_writing(True)
    for step in ("a.tif", "b.tif", "Saved."):
        bar.say(step)
    assert told == [bar.message]
    bar.show_running(True)
    bar.say("A run goes on.")
    assert told == [bar.message] * 2


def test_progress_is_painted_with_all_else_and_not_at_once(qtbot):
    painted = []

    class Watched(QProgressBar):
        def event(self, event):
            painted.extend([1] * (event.type() == QEvent.Type.Paint))
            return super().event(event)

    bar = RunBar()
    qtbot.addWidget(bar)
    watched = Watched()
    watched.setRange(0, 1000)
    bar.layout().replaceWidget(bar.bar, watched)
    bar.bar = watched
    bar.show()
    qtbot.waitUntil(lambda: bool(painted))
    qtbot.wait(50)
    painted.clear()
    bar.show_progress("half", 0.5)
    assert (painted, bar.bar.value()) == ([], 500)
    qtbot.waitUntil(lambda: bool(painted))
