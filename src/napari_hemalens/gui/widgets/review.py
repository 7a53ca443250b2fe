"""Correcting cells: the next to be looked at, another class for those selected, undo, a score for a known count."""

from magicgui.widgets import CheckBox, SpinBox
from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.gui.classes import display_name, key_of
from napari_hemalens.gui.detect.review_queue import Waiting
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.observer import ObserverName, blind_button
from napari_hemalens.gui.widgets.rows import Rows, button, review_words, sentences
from napari_hemalens.gui.widgets.swatch import Swatches
from napari_hemalens.records.taxonomy import CELL_CLASSES


class ReviewBar(QWidget):
    """Buttons for corrections."""

    asked = Signal()  # for the next cell
    accepted = Signal()
    classified = Signal(str)
    undone = Signal()
    redone = Signal()
    calibrated = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._swatches = Swatches()
        self.menu = QMenu(self)
        for cell in CELL_CLASSES:
            self.menu.addAction(display_name(cell.name)).setData(cell.name)
        self.button = QPushButton()
        self.button.setMenu(self.menu)
        self.button.setToolTip(
            "Class of the selected cells, and of the boxes you draw next. Click a cell to select it."
        )
        self.undo = button("Undo", "Take back the last correction, or the last run (Ctrl+Z, U)")
        self.redo = button("Redo", "Make it again (Ctrl+Y)")
        self.next, self.accept = QPushButton(), button("Accept")
        self.next.setToolTip(
            "Select the next cell that nobody has named (N): unsure ones, then those of the least certain class"
        )
        self.accept.setToolTip("Confirm the class of the selected cells (Space)")
        for each in (self.next, self.accept):
            reach_by_tab(each)  # after a click, Space and N belong to the canvas
        self.words, self.observer, self.blind = sentences(), ObserverName(), blind_button()
        self.count = SpinBox(min=0, max=1_000_000, tooltip="Number of nucleated cells that you counted yourself")
        self.labels = CheckBox(text="Show class labels on boxes")
        self.labels.tooltip = "Boxes that are large enough on the screen carry the short name of their class"
        self.set_score = button("Set threshold")
        self.set_score.setToolTip("Set the score threshold that gives this count")
        self._lay_out()
        self.next.clicked.connect(self.asked)
        self.accept.clicked.connect(self.accepted)
        self.undo.clicked.connect(self.undone)
        self.redo.clicked.connect(self.redone)
        self.set_score.clicked.connect(self._calibrate)
        self.menu.triggered.connect(self._classify)

    def show_state(self, name: str, *, can_undo: bool, can_redo: bool) -> None:
        """Show the class of the next box, the classes with their keys, and what can be undone."""
        self.button.setText(display_name(name))
        self.button.setAccessibleName(f"Class: {display_name(name)}")
        self.button.setIcon(self._swatches(name, key_of(name)))
        self.undo.setEnabled(can_undo)
        self.redo.setEnabled(can_redo)
        for action in self.menu.actions():
            icon = self._swatches(action.data(), key_of(action.data()))
            if action.icon().cacheKey() != icon.cacheKey():
                action.setIcon(icon)

    def show_waiting(self, waiting: Waiting, said: str, *, locked: bool) -> None:
        """Show how many cells nobody has named yet, and which one is looked at."""
        self.next.setText(review_words(waiting.cells))
        self.next.setEnabled(waiting.cells > 0 and not locked)
        self.accept.setEnabled(not locked)
        self.words.setText(said)
        self.words.setVisible(bool(said))

    def _classify(self, action: QAction) -> None:
        self.classified.emit(action.data())

    def _calibrate(self) -> None:
        self.calibrated.emit(self.count.value)

    def _lay_out(self) -> None:
        order, classes, layout = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.button, self.undo, self.redo):
            classes.addWidget(widget)
        classes.setStretch(0, 1)
        order.addWidget(self.next, 1)
        order.addWidget(self.accept)
        hint = sentences(small=True)
        hint.setText("A key gives its class · Space accepts · N goes on · Delete removes · R draws one · Esc ends")
        self._rows = Rows()
        self._rows.add("Known count", self.count, self.set_score)
        self._rows.add("Observer", self.observer, self.blind)
        layout.addLayout(order)
        layout.addWidget(self.words)
        layout.addLayout(classes)
        for widget in (hint, self.labels.native, self._rows.native):
            layout.addWidget(widget)
