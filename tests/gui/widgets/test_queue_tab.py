"""The queue in the window: added to, stopped, resumed, with what failed."""

import pytest

from napari_hemalens.gui.widgets.queue_tab import QueueTab


@pytest.fixture
def tab(qtbot, slides):
    made = QueueTab(slides)
    qtbot.addWidget(made)
    return made


def texts(tab):
    return [[tab.runs.item(row, column).text() for column in range(4)] for row in range(tab.runs.rowCount())]


def test_runs_and_slides_that_failed_are_listed(tab):
    assert texts(tab) == [["detect-1", "6 of 7, 1 failed", "waiting", "marrow-lite"]]
    assert tab.failed.list.toPlainText() == "detect-1: Cannot read p3.png: the file is empty."
    assert tab.running.run.isEnabled()
    assert tab.folder.isEnabled()


def test_a_queue_is_stopped_and_resumed_by_its_buttons(tab, runner, run_queue):
    tab.running.run.click()
    assert tab.running.words.text() == "Beginning…"  # until torch is loaded
    runner.step()
    assert (tab.running.run.isEnabled(), tab.running.stop.isEnabled()) == (False, True)
    assert (tab.running.words.text(), texts(tab)[0][2]) == ("detect-1: slide 0", "running")
    tab.running.stop.click()
    assert tab.running.run.isEnabled()
    assert texts(tab)[0][2] == "waiting"
    tab.running.run.click()
    runner.run()
    assert (texts(tab)[0][2], len(run_queue.asked)) == ("done", 2)
    assert not tab.running.run.isEnabled()  # nothing waits


def test_the_slides_of_a_run_that_goes_on_are_counted_on(tab, runner, run_queue):
    tab.running.run.click()
    said = []
    for _ in range(3):
        runner.step()
        said.append(texts(tab)[0][1:3])
    assert said == [["0 of 7", "running"], ["1 of 7", "running"], ["2 of 7", "running"]]
    runner.run()
    assert texts(tab)[0][1:3] == ["6 of 7, 1 failed", "done"]


def test_a_run_is_added_by_its_button_and_removed(tab, runner):
    tab.add["classify"].click()
    runner.run()
    assert texts(tab)[1] == ["classify-1", "0 of 7", "waiting", "those of the task micronucleus"]
    assert not tab.remove.isEnabled()  # of two, none is selected
    tab.runs.selectRow(1)
    tab.remove.click()
    assert [row[0] for row in texts(tab)] == ["detect-1"]


def test_slides_that_are_removed_vanish_with_their_failures(tab, slides):
    slides.remove([0, 6])
    assert texts(tab)[0][1] == "5 of 5"
    assert tab.failed.isHidden()


def test_without_slides_there_is_nothing_to_run(tab, slides):
    slides.remove(range(7))
    assert not any(each.isEnabled() for each in tab.add.values())
