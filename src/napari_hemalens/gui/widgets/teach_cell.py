"""The cell that is to be named: large, with a button a class, and what else can be said of it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QImage, QKeyEvent, QPixmap
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.teach.view import ShownCell
from napari_hemalens.gui.widgets.accessible import order_tabs, reach_by_tab
from napari_hemalens.gui.widgets.elided import ElidedButton
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.widgets.swatch import swatch
from napari_hemalens.records.class_set import ClassSet, OwnClass

_SIDE = 150  # pixels of the picture
_COLUMNS = 2
_CONTROLS = (
    ("skip", "Skip", "N or Space: it comes back when no other is left"),
    ("not_sure", "Not sure", "-: neither trained on nor shown again"),
    ("undo", "Undo", "U, Backspace or Ctrl+Z"),
    ("redo", "Redo", "Ctrl+Y"),
)
_NAMED_KEYS = {
    Qt.Key.Key_Space: "Space",
    Qt.Key.Key_Minus: "-",
    Qt.Key.Key_Backspace: "Backspace",
}


class CellToName(QWidget):
    """Takes the keys while it has the focus."""

    named = Signal(str)  # a class
    pressed = Signal(str)  # a key, as `gui.teach.keys` calls it
    asked = Signal(str)  # skip, not_sure, undo or redo
    added = Signal(str)  # the name of another class

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("The cell that is to be named")
        self.picture, self.words = QLabel(), sentences()
        self.picture.setFixedSize(_SIDE, _SIDE)
        self.buttons: dict[str, QPushButton] = {}
        self._classes: ClassSet | None = None
        self.another = QLineEdit()
        self.another.setPlaceholderText("another class…")
        self.another.setAccessibleName("Another class")
        self.another.setMinimumWidth(1)  # as wide as a button
        self.another.setToolTip("A class that is met only now: type its name and press Enter")
        self.another.returnPressed.connect(self._add)
        self.controls = {name: self._button(title, tip) for name, title, tip in _CONTROLS}
        for name, control in self.controls.items():
            control.clicked.connect(lambda _=False, name=name: self.asked.emit(name))
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.picture)
        above.addWidget(self.words, 1)
        for control in self.controls.values():
            below.addWidget(control)
        self._grid = QGridLayout()
        self._grid.setSpacing(3)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._grid.addWidget(self.another, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (above, self._grid, below):
            layout.addLayout(part)

    def show_classes(self, classes: ClassSet, counts: Mapping[str, int]) -> None:
        """Show a button a class, with its key and how many cells it has."""
        if [*self.buttons] != [*classes.names]:
            self._make_buttons(classes)
        if classes != self._classes:
            self._classes = classes
            for each in classes:
                self.buttons[each.name].setIcon(swatch(each.name, each.key, each.colour))
                self.buttons[each.name].setToolTip(_tip(each))
        for name, made in self.buttons.items():
            made.setText(f"{counts.get(name, 0):,}  {display_name(name)}")

    def show_cell(self, cell: ShownCell | None, *, can_say: bool) -> None:
        """Show the cell whose turn it is; None: none is left."""
        self.picture.setPixmap(QPixmap() if cell is None else _enlarged(cell.picture))
        self.words.setText("All cells have been looked at." if cell is None else cell.words)
        for made in (*self.buttons.values(), self.another, self.controls["skip"], self.controls["not_sure"]):
            made.setEnabled(can_say)

    def _make_buttons(self, classes: ClassSet) -> None:
        for made in self.buttons.values():
            self._grid.removeWidget(made)
            made.hide()  # until Qt deletes it, it would cover those that take its place
            made.deleteLater()
        self.buttons = {each.name: self._button(each.name, "") for each in classes}
        for place, (name, made) in enumerate(self.buttons.items()):
            made.setStyleSheet("text-align: left; padding: 3px")
            made.clicked.connect(lambda _=False, name=name: self.named.emit(name))
            self._grid.addWidget(made, *divmod(place, _COLUMNS))
        self._grid.removeWidget(self.another)
        self._grid.addWidget(self.another, *divmod(len(self.buttons), _COLUMNS))
        order_tabs(self)

    def _add(self) -> None:
        self.added.emit(self.another.text())
        self.another.clear()
        self.setFocus()  # the next key names a cell again

    def _button(self, text: str, tip: str) -> QPushButton:
        made = ElidedButton(text)
        made.setToolTip(tip)
        reach_by_tab(made)  # after a click, keys name cells
        made.setMinimumWidth(1)  # long names are elided instead of making the dock wider
        return made

    def event(self, event: QEvent) -> bool:
        """Take keys before they are shortcuts of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and self._key_of(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's
        """Tell of a key that means something here."""
        key = self._key_of(event)
        if key:
            self.pressed.emit(key)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: object) -> None:  # noqa: N802, ARG002 -- Qt's
        """Take the keys."""
        self.setFocus()

    def _key_of(self, event: QKeyEvent) -> str:
        held = event.modifiers()
        if held & Qt.KeyboardModifier.ControlModifier:
            shift = "Shift-" if held & Qt.KeyboardModifier.ShiftModifier else ""
            return {Qt.Key.Key_Z: f"Control-{shift}Z", Qt.Key.Key_Y: "Control-Y"}.get(event.key(), "")
        text = event.text().strip().upper()
        return _NAMED_KEYS.get(event.key()) or (text if text.isprintable() else "")  # Escape has a text, too


def _tip(each: OwnClass) -> str:
    """Return the whole name, which a button may cut off, and the key."""
    name = display_name(each.name)
    return f"{name}: key {each.key}" if each.key else name


def _enlarged(pixels: NDArray[np.uint8]) -> QPixmap:
    height, width = pixels.shape[:2]
    rgb = np.ascontiguousarray(pixels)
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image).scaled(
        _SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
