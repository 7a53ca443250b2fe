"""A dock: widgets one below the other, which scroll where the window is small."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.alive import while_alive

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
        self._scrolling = QTimer(self)
        self._scrolling.setSingleShot(True)
        self._scrolling.timeout.connect(self._scroll)

    def fill(self, *widgets: QWidget) -> None:
        """Put widgets into the dock, from the top."""
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.setSpacing(4)
        for widget in widgets:
            layout.addWidget(widget)
        layout.addStretch(1)
        self.setWidget(content)

    @while_alive
    def reset_choices(self, *_: Any) -> None:
        """Offer the layers that the viewer holds now; napari calls it whenever they change."""
        for widget in self.following:
            widget.reset_choices()

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget, once those around it have found their places."""
        self._wanted = widget
        self._scrolling.start()

    def _scroll(self) -> None:
        if self._wanted is not None:
            self.ensureWidgetVisible(self._wanted, 0, 0)
