"""A dock: widgets one below the other, which scroll where the window is small."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.accessible import order_tabs
from napari_hemalens.gui.widgets.alive import while_alive

_FAINT = 217  # opacity, of 255, of what stands in an empty field
_WIDTH = 350  # pixels: no text is cut off, beside a scroll bar


class Dock(QScrollArea):
    """As wide as it takes, and as high as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_WIDTH)
        self.following: Sequence[Any] = ()  # what offers layers of the viewer
        self._wanted: QWidget | None = None
        self._placed = self._settled = False
        self._placing = QTimer(self)
        self._placing.setSingleShot(True)
        self._placing.timeout.connect(self._join_others)
        self._scrolling = QTimer(self)
        self._scrolling.setSingleShot(True)
        self._scrolling.timeout.connect(self._scroll)

    def fill(self, *widgets: QWidget) -> None:
        """Put widgets into the dock, from the top; what one of them has told is scrolled to."""
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.setSpacing(4)
        for widget in widgets:
            layout.addWidget(widget)
            told = getattr(widget, "told", None)
            if told is not None:
                told.connect(self.reveal)
        layout.addStretch(1)
        self.setWidget(content)
        order_tabs(self)

    @while_alive
    def reset_choices(self, *_: Any) -> None:
        """Offer the layers that the viewer holds now; napari calls it whenever they change."""
        for widget in self.following:
            widget.reset_choices()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Follow the theme: Qt alone writes what stands in an empty field in half of the ink, which is too faint."""
        super().changeEvent(event)
        content = self.widget()
        if event is None or event.type() != QEvent.Type.StyleChange or content is None:
            return
        ink = self.palette().windowText().color()
        style = f"QLineEdit {{ placeholder-text-color: rgba({ink.red()}, {ink.green()}, {ink.blue()}, {_FAINT}) }}"
        if content.styleSheet() != style:
            content.setStyleSheet(style)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Find a place as soon as the dock is in its window."""
        super().showEvent(event)
        if not self._placed:
            self._placed = True
            self._placing.start()

    @while_alive
    def _join_others(self) -> None:
        """Lie over the docks of HemaLens that were there before, as a tab: below each other none would have room."""
        self._settled = True
        mine = _frame_of(self)
        window = None if mine is None else mine.parent()
        if mine is None or not isinstance(window, QMainWindow) or mine.isFloating():
            return
        others = [other for other in window.findChildren(Dock) if other is not self and other._settled]
        frames = [frame for frame in map(_frame_of, others) if frame is not None and frame is not mine]
        there = [frame for frame in frames if not frame.isFloating() and not frame.isHidden()]
        if there and mine not in window.tabifiedDockWidgets(there[-1]):
            window.tabifyDockWidget(there[-1], mine)
            self._placing.start()  # a tab can be raised only once Qt has laid it out
        elif there:
            mine.raise_()

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget, once those around it have found their places."""
        self._wanted = widget
        self._scrolling.start()

    def _scroll(self) -> None:
        if self._wanted is not None:
            self.ensureWidgetVisible(self._wanted, 0, 0)


def _frame_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock of Qt that a widget lies in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
