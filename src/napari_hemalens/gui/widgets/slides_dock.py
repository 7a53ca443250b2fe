"""The slides of the open project in a dock below the canvas: table, queue, comparison of groups."""

import weakref

from napari.components import ViewerModel
from qtpy.compat import isalive
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from napari_hemalens.gui.project.slides import SlidesSession, slides_session
from napari_hemalens.gui.widgets.accessible import order_tabs
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.gallery_dock import show_below
from napari_hemalens.gui.widgets.groups_tab import GroupsTab
from napari_hemalens.gui.widgets.queue_tab import QueueTab
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.widgets.slides_tab import SlidesTab
from napari_hemalens.gui.workers import QtRunner

NAME = "Slides of the project"
_QUEUE = 1  # number of its tab


class SlidesView(QWidget):
    """Three tabs, and a line for what cannot be done.

    Parameters
    ----------
    session : SlidesSession
        The slides.
    """

    def __init__(self, session: SlidesSession) -> None:
        super().__init__()
        self.session = session
        self.slides, self.queue, self.groups = SlidesTab(session), QueueTab(session), GroupsTab(session)
        self.tabs, self.words = QTabWidget(), sentences()
        for widget, title in ((self.slides, "Slides"), (self.queue, "Queue"), (self.groups, "Groups")):
            self.tabs.addTab(_scrolling(widget), title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.words)
        self.words.hide()
        session.message_sent.connect(self._say)
        session.changed.connect(self._on_changed)
        self.tabs.currentChanged.connect(self._hush)
        self._on_changed()
        order_tabs(self)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Read slides and queue again, which others may have changed meanwhile."""
        super().showEvent(event)
        if not self.session.running:
            self.session.reload()

    @while_alive
    def _on_changed(self) -> None:
        left = sum(outcome.run.state != "done" for outcome in self.session.outcomes)
        self.tabs.setTabText(_QUEUE, f"Queue ({left:,} left)" if left else "Queue")
        self.tabs.setTabText(0, f"Slides ({len(self.session.slides):,})")

    @while_alive
    def _say(self, sentence: str) -> None:
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence) and self.tabs.currentIndex() != _QUEUE)  # which says it itself

    def _hush(self, *_: object) -> None:
        self._say("")


def _scrolling(tab: QWidget) -> QScrollArea:
    """Let a tab scroll where there is little room: a window must not outgrow the screen of a laptop."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(tab)
    return area


_VIEWS: "weakref.WeakKeyDictionary[ViewerModel, SlidesView]" = weakref.WeakKeyDictionary()


def open_slides(viewer: ViewerModel) -> SlidesView:
    """Show the slides of a viewer's project below its canvas; return their widget."""
    itself = getattr(viewer, "__wrapped__", viewer)  # plugins are given a proxy
    view = _VIEWS.get(itself)
    if view is None or not isalive(view):
        view = _VIEWS[itself] = SlidesView(slides_session(viewer, QtRunner))
    show_below(viewer, view, NAME)
    return view
