"""The slides of a project below the canvas."""

import pytest

from napari_hemalens.gui.widgets import slides_dock
from napari_hemalens.gui.widgets.accessible import interactive, name_of
from napari_hemalens.gui.widgets.slides_dock import SlidesView, open_slides
from napari_hemalens.workflows.project_slides import read_slides, write


@pytest.fixture
def view(qtbot, slides):
    made = SlidesView(slides)
    qtbot.addWidget(made)
    return made


def test_tabs_say_how_many_slides_there_are_and_runs_are_left(view, slides, runner):
    assert [view.tabs.tabText(i) for i in range(3)] == ["Slides (7)", "Queue (1 left)", "Groups"]
    slides.resume()
    runner.run()
    assert view.tabs.tabText(1) == "Queue"


def test_what_cannot_be_done_is_said_until_another_tab_is_looked_at(view, slides):
    slides.open_slide(6)
    assert "p3.png" in view.words.text()
    view.tabs.setCurrentIndex(2)
    assert view.words.text() == ""


def test_slides_that_others_changed_are_read_again_when_it_is_shown(view, study):
    write(read_slides(study).without([0]), study)
    view.show()
    assert view.tabs.tabText(0) == "Slides (6)"


def test_everything_that_a_person_acts_on_has_a_name(view):
    assert [each for each in interactive(view) if not name_of(each)] == []


def test_a_viewer_has_one_such_dock(viewer, slides, monkeypatch, qtbot):
    shown = []
    monkeypatch.setattr(slides_dock, "show_below", lambda *said: shown.append(said[1:]))
    monkeypatch.setattr(slides_dock, "slides_session", lambda *_: slides)
    view = open_slides(viewer)
    qtbot.addWidget(view)
    assert open_slides(viewer) is view
    assert shown == [(view, "Slides of the project")] * 2


def test_what_failed_and_notes_make_no_window_grow_beyond_a_small_screen(view, qtbot):
    view.queue.failed.show_failures({str(k): f"{k}.png: Cannot read {k}.png." for k in range(9)})
    view.groups.refusal.setText(40 * "Groups are not compared. ")
    view.groups.refusal.show()
    view.tabs.setCurrentIndex(1)
    view.resize(700, 240)
    view.show()
    qtbot.waitUntil(view.queue.failed.list.isVisible)
    assert view.minimumSizeHint().height() <= 160
    assert view.height() == 240
    assert view.queue.height() <= view.tabs.currentWidget().height()  # nothing scrolls but the list itself
    view.tabs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: 0 < view.slides.height() <= view.tabs.currentWidget().height())
    view.tabs.setCurrentIndex(2)
    view.groups.refusal.hide()
    view.groups.notes.setText(6 * "Fisher's exact test compares all cells. ")
    notes = view.groups.notes
    qtbot.waitUntil(lambda: notes.height() >= notes.heightForWidth(notes.width()) > notes.fontMetrics().height())
    assert view.groups.height() <= view.tabs.currentWidget().height()
