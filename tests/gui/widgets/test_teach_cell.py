"""The cell to name: its picture and words, a button a class, and keys before they are shortcuts of the window."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_hemalens.gui.teach.view import ShownCell
from napari_hemalens.gui.widgets.teach_cell import CellToName
from napari_hemalens.records.class_set import ClassSet

CELL = ShownCell(3, np.full((64, 64, 3), 90, np.uint8), "film.tif\nPerhaps blast (62%).")
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def classes():
    return ClassSet.of_names(["blast", "hairy_cell", "other"]).change("blast", key="B")


@pytest.fixture
def widget(qtbot, classes):
    made = CellToName()
    made.told = []
    made.named.connect(made.told.append)
    made.pressed.connect(made.told.append)
    made.asked.connect(made.told.append)
    qtbot.addWidget(made)
    made.show_classes(classes, {"blast": 1200, "other": 3})
    made.show_cell(CELL, can_say=True)
    made.show()
    return made


def test_a_button_a_class_names_the_cell(widget):
    assert [button.text() for button in widget.buttons.values()] == ["1,200  blast", "0  hairy cell", "3  other"]
    assert widget.buttons["blast"].toolTip() == "blast: key B"
    widget.buttons["hairy_cell"].click()
    widget.controls["not_sure"].click()
    assert widget.told == ["hairy_cell", "not_sure"]


def test_keys_are_told_as_classes_and_controls_are_called(widget):
    for key in (Qt.Key.Key_B, Qt.Key.Key_Space, Qt.Key.Key_Minus, Qt.Key.Key_Backspace):
        QTest.keyClick(widget, key)
    QTest.keyClick(widget, Qt.Key.Key_Z, CONTROL)
    QTest.keyClick(widget, Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(widget, Qt.Key.Key_Y, CONTROL)
    QTest.keyClick(widget, Qt.Key.Key_Tab)
    assert widget.told == ["B", "Space", "-", "Backspace", "Control-Z", "Control-Shift-Z", "Control-Y"]


@pytest.mark.parametrize(
    ("key", "held", "taken"), [("b", "", True), ("z", "control", True), ("q", "control", False), ("escape", "", False)]
)
def test_its_keys_are_no_shortcuts_of_the_window(widget, key, held, taken):
    modifier = CONTROL if held else Qt.KeyboardModifier.NoModifier
    text = {"escape": "\x1b"}.get(key, key)  # as Qt has it
    event = QKeyEvent(QEvent.Type.ShortcutOverride, getattr(Qt.Key, f"Key_{key.capitalize()}"), modifier, text)
    event.ignore()
    QApplication.sendEvent(widget, event)
    assert event.isAccepted() == taken


def test_where_nothing_can_be_said_only_undo_is_left(widget):
    widget.show_cell(CELL, can_say=False)
    enabled = [b.isEnabled() for b in (*widget.buttons.values(), *widget.controls.values())]
    assert enabled == [False] * 3 + [False, False, True, True]
    widget.show_cell(None, can_say=False)
    assert widget.words.text() == "All cells have been looked at."
    assert widget.picture.pixmap().isNull()


def test_classes_that_are_added_get_a_button(widget, classes):
    widget.show_classes(classes.change("blast", key="X"), {})
    assert widget.buttons["blast"].toolTip() == "blast: key X"
    before = [*widget.buttons.values()]
    widget.show_classes(classes.add("smudge"), {})
    assert not any(made.isVisible() for made in before)  # over those that took their place
    assert [*widget.buttons] == ["blast", "hairy_cell", "other", "smudge"]
    widget.buttons["smudge"].click()
    assert widget.told == ["smudge"]


def test_the_picture_is_enlarged(widget):
    picture = widget.picture.pixmap().toImage()
    assert picture.width() == 150
    assert picture.pixelColor(75, 75).getRgb()[:3] == (90, 90, 90)
