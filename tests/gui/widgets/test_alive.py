"""News reach a widget as long as Qt holds it, and no longer."""

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_hemalens.gui.widgets.alive import while_alive

pytestmark = pytest.mark.window


class Listener(QObject):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__()
        self.heard = []

    @while_alive
    def hear(self, *news):
        """Hear some news."""
        self.heard.append(news)


def test_a_widget_is_told_everything_while_it_lives(qapp):
    listener = Listener()
    listener.hear(1, "two")
    listener.hear()
    assert listener.heard == [(1, "two"), ()]
    assert listener.hear.__doc__ == "Hear some news."


def test_a_widget_that_qt_has_deleted_is_told_nothing(qapp):
    listener = Listener()
    listener.deleteLater()
    QCoreApplication.sendPostedEvents(listener, QEvent.Type.DeferredDelete)
    listener.hear("late")
    assert listener.heard == []
