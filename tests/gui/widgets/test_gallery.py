"""A gallery shows the cells of the chosen class, and tells what a person gives them; it computes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_hemalens.gui.widgets.gallery import GalleryView
from napari_hemalens.review.gallery import NO_CLASS, GalleryCells

pytestmark = pytest.mark.usefixtures("qtbot")
NAMES = ("smudge", "hairy cell")
KEYS = {"smudge": "1", "hairy cell": "H"}
NONE = Qt.KeyboardModifier.NoModifier


def cells(n: int = 40) -> GalleryCells:
    """Every second cell is a smudge, the last has no class; the first is named by a person."""
    classes = np.arange(n) % 2
    classes[-1] = NO_CLASS
    given = np.arange(n) == 0
    certainty = np.linspace(0.9, 0.1, n, dtype=np.float32)
    sizes = np.linspace(5, 15, n, dtype=np.float32)
    return GalleryCells(NAMES, classes, given, certainty, sizes, np.zeros(n, np.int64), np.arange(n))


@pytest.fixture
def view(qtbot) -> GalleryView:
    made = GalleryView(lambda cell: np.full((20, 30, 3), cell % 256, np.uint8))
    made.named_cells = []
    made.named.connect(lambda chosen, name: made.named_cells.append((chosen, name)))
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show_classes(KEYS, {"smudge": "#ff0000", "hairy cell": "#00ff00"})
    made.show_cells(cells())
    made.show()
    return made


def shown_classes(view: GalleryView) -> list[str]:
    return [view.classes.item(row).text() for row in range(view.classes.count())]


def click(view: GalleryView, row: int, modifier: Qt.KeyboardModifier = NONE) -> None:
    at = view.grid.visualRect(view.grid.cells_model.index(row)).center()
    QTest.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, modifier, at)


def test_classes_say_how_many_cells_they_have(view: GalleryView) -> None:
    assert shown_classes(view) == ["40  All", "20  smudge", "19  hairy cell", "1  no class"]
    view.classes.setCurrentRow(2)
    assert set(view.gallery.cells.classes[list(view.gallery.order)]) == {1}
    assert shown_classes(view)[1] == "20  smudge"  # still counted while another class is shown
    assert view.said.text() == "19 cells"


def test_clicks_select_and_a_key_names_all_that_are_selected(view: GalleryView) -> None:
    view.classes.setCurrentRow(1)
    first, third = view.gallery.order[0], view.gallery.order[2]
    click(view, 0)
    click(view, 2, Qt.KeyboardModifier.ControlModifier)
    assert view.gallery.selected == (first, third)
    assert view.said.text() == "20 cells, 2 selected"
    QTest.keyClick(view.grid, Qt.Key.Key_H)
    assert view.named_cells == [((first, third), "hairy cell")]
    click(view, 0)
    click(view, 3, Qt.KeyboardModifier.ShiftModifier)
    assert len(view.gallery.selected) == 4


def test_what_is_dropped_on_a_class_is_named(view: GalleryView) -> None:
    view.classes.dropped.emit((3, 4), "smudge")
    assert view.named_cells == [((3, 4), "smudge")]


def test_keys_without_a_class_or_a_cell_name_nothing(view: GalleryView) -> None:
    QTest.keyClick(view.grid, Qt.Key.Key_1)
    click(view, 0)
    QTest.keyClick(view.grid, Qt.Key.Key_9)
    assert view.named_cells == []


def test_a_double_click_opens_the_cell(view: GalleryView) -> None:
    opened: list[int] = []
    view.opened.connect(opened.append)
    click(view, 3)
    at = view.grid.visualRect(view.grid.cells_model.index(3)).center()
    QTest.mouseDClick(view.grid.viewport(), Qt.MouseButton.LeftButton, NONE, at)
    assert opened == [view.gallery.order[3]]


def test_other_classes_leave_the_selection_as_far_as_it_is_shown(view: GalleryView) -> None:
    view.classes.setCurrentRow(1)
    click(view, 0)
    click(view, 1, Qt.KeyboardModifier.ControlModifier)
    leaves, stays = view.gallery.selected
    before = view.gallery.cells
    classes = before.classes.copy()
    classes[leaves] = 1
    view.update_cells(replace(before, classes=classes))
    assert view.gallery.selected == (stays,)
    assert [index.data(Qt.ItemDataRole.UserRole) for index in view.grid.selectedIndexes()] == [stays]
    assert view.classes.current == "smudge"
    assert shown_classes(view)[:2] == ["40  All", "19  smudge"]


def test_when_all_selected_cells_are_gone_the_next_is_selected(view: GalleryView) -> None:
    view.classes.setCurrentRow(1)
    click(view, 4)
    (gone,), following = view.gallery.selected, view.gallery.order[5]
    classes = view.gallery.cells.classes.copy()
    classes[gone] = 1
    view.update_cells(replace(view.gallery.cells, classes=classes))
    assert view.gallery.selected == (following,)


def test_sizes_and_who_named_a_cell_filter(view: GalleryView) -> None:
    view.whose.value = "given"
    assert list(view.gallery.order) == [0]
    view.whose.value = "all"
    view.sizes.value = (5, 7)
    assert len(view.gallery.order) == 8
    assert shown_classes(view)[0] == "8  All"


@pytest.mark.parametrize(("unit", "label"), [("µm", "Size (µm)"), ("px", "Size (px)"), ("", "Size")])
def test_the_unit_of_sizes_is_said(view: GalleryView, unit: str, label: str) -> None:
    view.show_cells(replace(cells(), sized_in=unit))
    assert view.size_label.value == label


def test_names_of_classes_are_not_cut_off_beside_the_cells(view: GalleryView) -> None:
    view.show_classes({"segmented neutrophil": "6"}, {"segmented neutrophil": "#ff0000"})
    view.show_cells(replace(cells(), names=("smudge", "segmented neutrophil")))
    assert view.classes.sizeHintForColumn(0) > 150  # what it took before
    assert view.classes.viewport().width() >= view.classes.sizeHintForColumn(0)
