"""A dock scrolls up and down only, and passes on that layers have changed."""

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QLabel

from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.running import RunBar

pytestmark = pytest.mark.window


class Follower:
    """Counts how often it is told to offer layers."""

    told = 0

    def reset_choices(self):
        self.told += 1


@pytest.fixture
def dock(qapp):
    """A dock of ten widgets of 100 pixels in a window of 300 x 300."""
    dock = Dock()
    widgets = [QLabel(str(number)) for number in range(10)]
    for widget in widgets:
        widget.setFixedHeight(100)
    dock.fill(*widgets)
    dock.widgets = widgets
    dock.resize(300, 300)
    dock.show()
    yield dock
    dock.close()


def test_widgets_are_below_each_other_and_scroll(dock, qtbot):
    tops = [widget.geometry().top() for widget in dock.widgets]
    assert tops == sorted(set(tops))
    qtbot.waitUntil(dock.verticalScrollBar().isVisible)
    assert not dock.horizontalScrollBar().isVisible()
    assert dock.widget().width() <= dock.viewport().width()


def test_few_widgets_stay_at_the_top_of_a_high_dock(qtbot):
    dock, only = Dock(), QLabel("only")
    qtbot.addWidget(dock)
    dock.fill(only)
    dock.resize(400, 800)
    dock.show()
    assert only.geometry().bottom() < 100


def test_a_widget_further_down_is_scrolled_to(dock, qtbot):
    last = dock.widgets[-1]
    assert last.visibleRegion().isEmpty()
    dock.reveal(last)
    qtbot.waitUntil(lambda: last.visibleRegion().boundingRect().height() == 100)


def test_an_answer_above_is_scrolled_to(qtbot):
    dock, bar, below = Dock(), RunBar(), QLabel("below")
    qtbot.addWidget(dock)
    below.setFixedHeight(1000)
    dock.fill(bar, below)
    dock.resize(300, 300)
    dock.show()
    dock.verticalScrollBar().setValue(dock.verticalScrollBar().maximum())
    assert bar.visibleRegion().isEmpty()
    bar.say("Saved cells.csv.")
    qtbot.waitUntil(lambda: bar.message.visibleRegion().boundingRect().height() == bar.message.height())


def test_what_offers_layers_is_told_that_they_have_changed(dock):
    dock.following = (Follower(), Follower())
    dock.reset_choices()
    dock.reset_choices("an event")
    assert [follower.told for follower in dock.following] == [2, 2]


def test_a_dock_that_is_gone_tells_nobody(qapp):
    dock, follower = Dock(), Follower()
    dock.following = (follower,)
    dock.deleteLater()
    QCoreApplication.sendPostedEvents(dock, QEvent.Type.DeferredDelete)
    dock.reset_choices()
    assert follower.told == 0
