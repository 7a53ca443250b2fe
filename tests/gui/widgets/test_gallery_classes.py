"""The classes of a gallery count their cells, and take cells that are dropped on them."""

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt
from qtpy.QtGui import QDropEvent

from napari_hemalens.gui.widgets.gallery_classes import ClassList
from napari_hemalens.gui.widgets.gallery_grid import CELLS_DRAGGED

COUNTS = {"smudge": 1200, "hairy_cell": 0, "": 0}


@pytest.fixture
def classes(qtbot) -> ClassList:
    made = ClassList()
    qtbot.addWidget(made)
    made.resize(200, 200)
    made.show_counts(COUNTS, keys={"smudge": "S"}, colours={"smudge": "#ff0000"})
    made.show()
    return made


def drop(classes: ClassList, row: int, kind: str = CELLS_DRAGGED) -> list[tuple[tuple[int, ...], str]]:
    """Drop cells on a row, and return what was told."""
    told: list[tuple[tuple[int, ...], str]] = []
    classes.dropped.connect(lambda cells, name: told.append((cells, name)))
    held = QMimeData()
    held.setData(kind, b"4,7")
    at = QPointF(classes.visualItemRect(classes.item(row)).center())
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    classes.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, held, buttons, none))
    return told


def test_classes_are_listed_with_their_cells_also_those_without(classes: ClassList) -> None:
    words = [classes.item(row).text() for row in range(classes.count())]
    assert words == ["1,200  All", "1,200  smudge", "0  hairy cell"]
    assert classes.current is None


def test_what_is_dropped_on_a_class_is_told(classes: ClassList) -> None:
    assert drop(classes, 2) == [((4, 7), "hairy_cell")]


def test_all_is_no_class_to_drop_on(classes: ClassList) -> None:
    assert drop(classes, 0) == []


def test_a_class_that_is_no_more_is_no_longer_shown(classes: ClassList) -> None:
    chosen: list[str | None] = []
    classes.setCurrentRow(2)
    classes.chosen.connect(chosen.append)
    classes.show_counts({"smudge": 1200}, keys={}, colours={})
    assert classes.current is None
    assert chosen == [None]
