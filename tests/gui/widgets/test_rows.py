"""Labels line up over several widgets."""

import pytest
from magicgui.widgets import CheckBox, LineEdit
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.rows import RowBox, Rows, button, sentences

pytestmark = pytest.mark.window


def test_labels_are_equally_wide_in_all_rows(qtbot):
    first, second = Rows(LineEdit(label="A")), Rows(LineEdit(label="A much longer label"), CheckBox(label="B"))
    for rows in (first, second):
        qtbot.addWidget(rows.native)
    assert len({row[0].max_width for row in (*first, *second)}) == 1


def test_a_row_takes_widgets_of_qt_too(qtbot):
    rows, pressed = Rows(), QPushButton("Set")
    qtbot.addWidget(rows.native)
    row = rows.add("Count", LineEdit(), pressed)
    assert row.native.isAncestorOf(pressed)


def test_choices_in_rows_are_asked_for_again(qtbot):
    offered = [("one", 1)]
    box = RowBox(Choice(lambda _: offered))
    qtbot.addWidget(box)
    offered.append(("two", 2))
    box.reset_choices()
    assert box.rows[0][1].choices == (1, 2)


def test_a_long_word_makes_no_label_wide_and_a_button_has_room(qtbot):
    label, pressed = sentences(), button("A long text on a button")
    for widget in (label, pressed):
        qtbot.addWidget(widget)
    label.setText(300 * "x")
    assert label.minimumWidth() == 1
    assert label.textInteractionFlags() == Qt.TextInteractionFlag.TextSelectableByMouse  # a command can be copied
    assert label.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert pressed.minimumWidth() > pressed.fontMetrics().horizontalAdvance(pressed.text())


def test_the_label_of_a_high_widget_may_be_beside_its_top(qtbot):
    short, high = LineEdit(label="Short"), LineEdit(label="High")
    rows = Rows(short, high)
    qtbot.addWidget(rows.native)
    high.native.setFixedHeight(200)
    rows.align_top(high)
    rows.native.show()
    label = rows[1][0].native
    assert label.geometry().bottom() < 100
    assert label.geometry().top() == high.native.geometry().top()


def test_the_row_of_a_widget_can_be_hidden(qtbot):
    first, second = LineEdit(label="A"), LineEdit(label="B")
    rows = Rows(first, second)
    qtbot.addWidget(rows.native)
    rows.show()
    rows.show_row(first, False)
    assert (rows[0].visible, rows[1].visible) == (False, True)
    rows.show_row(first, True)
    assert rows[0].visible
