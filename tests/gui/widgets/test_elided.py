"""A name too long for its box keeps its end, and can be read in the tooltip."""

import pytest
from qtpy.QtCore import QEvent, QPoint
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QApplication, QComboBox, QStyle, QStyleOptionComboBox, QToolTip

from napari_hemalens.gui.widgets.elided import Elided, ElidedButton

pytestmark = pytest.mark.window

NAME = "2024-11-29_patient_0042_marrow_smear_field_17_of_40"


@pytest.fixture
def box(qtbot):
    made = QComboBox()
    qtbot.addWidget(made)
    made.addItems([NAME, "b"])
    made.setToolTip("An image")
    made.filter = Elided(made)
    made.resize(160, 24)
    made.show()
    return made


def shown(box):
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    return box.filter.shown(option)


def test_a_long_name_keeps_its_beginning_and_its_end(box):
    assert shown(box).startswith("2024")
    assert shown(box).endswith("40")
    assert "…" in shown(box)
    box.resize(900, 24)
    assert shown(box) == NAME


def test_names_that_differ_at_the_end_look_different(box):
    before = box.grab().toImage()
    box.setItemText(0, NAME.replace("40", "41"))
    assert box.grab().toImage() != before


@pytest.mark.parametrize(("row", "said"), [(0, f"{NAME}\nAn image"), (1, "An image")])
def test_the_tooltip_has_a_name_that_is_cut(box, row, said):
    box.setCurrentIndex(row)
    QApplication.sendEvent(box, QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), box.mapToGlobal(QPoint(5, 5))))
    assert QToolTip.text() == said


def test_the_text_of_a_button_ends_in_dots_where_it_is_too_long(qtbot):
    made = ElidedButton("12  mononuclear cell")
    qtbot.addWidget(made)
    made.setStyleSheet("text-align: left; padding: 3px")
    made.resize(made.sizeHint().width() + 20, 30)
    made.show()
    assert made.shown == made.text()
    made.resize(90, 30)
    assert made.shown.startswith("12  m")
    assert made.shown.endswith("…")
    assert not made.grab().isNull()
    without = made.shown
    made.setIcon(made.style().standardIcon(QStyle.StandardPixmap.SP_FileIcon))
    assert len(made.shown) < len(without)
