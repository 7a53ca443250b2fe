"""The grid of a gallery draws the cells on screen alone, and says of each what is known."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_hemalens.gui.widgets.gallery_grid import CellsGrid, pixmap_of
from napari_hemalens.review.gallery import NO_CLASS, Gallery, GalleryCells

N = 5000


@pytest.fixture
def drawn() -> list[int]:
    return []


@pytest.fixture
def grid(qtbot, drawn: list[int]) -> CellsGrid:
    """Thousands of cells: the first is named by a person, the second by the network, the third by nobody."""

    def thumbnail(cell: int) -> np.ndarray:
        drawn.append(cell)
        return np.full((20, 30, 3), cell % 256, np.uint8)

    made = CellsGrid(thumbnail)
    qtbot.addWidget(made)
    made.resize(500, 400)
    classes, certainty = np.zeros(N, np.int64), np.full(N, 0.875, np.float32)
    classes[2], certainty[2] = NO_CLASS, np.nan
    given = np.arange(N) == 0
    sizes, images = np.full(N, np.nan, np.float32), np.zeros(N, np.int64)
    made.show_gallery(Gallery(GalleryCells(("hairy_cell",), classes, given, certainty, sizes, images, np.arange(N))))
    made.show()
    return made


def test_only_cells_on_screen_are_drawn(grid: CellsGrid, drawn: list[int], qtbot) -> None:
    qtbot.waitUntil(lambda: bool(drawn))
    assert len(set(drawn)) < 60
    assert grid.cells_model.rowCount() == N
    grid.scrollToBottom()
    qtbot.waitUntil(lambda: 2 in drawn)  # without a class: last
    assert len(set(drawn)) < 120


def test_a_cell_says_its_class_and_who_gave_it(grid: CellsGrid) -> None:
    place = {cell: row for row, cell in enumerate(grid.gallery.order)}
    said = [grid.cells_model.index(place[k]).data(Qt.ItemDataRole.ToolTipRole) for k in range(3)]
    assert said == ["hairy cell, by you", "hairy cell, 88%", "no class"]
    assert grid.cells_model.index(place[1]).data() == "88%"


def test_what_is_dragged_holds_the_selected_cells(grid: CellsGrid) -> None:
    grid.selectAll()
    dragged = grid.cells_model.mimeData([])
    (kind,) = dragged.formats()
    assert bytes(dragged.data(kind)).decode().split(",") == [str(cell) for cell in grid.gallery.order]


def test_a_picture_fills_its_square_and_keeps_its_shape(qtbot) -> None:
    picture = pixmap_of(np.full((20, 40, 3), 200, np.uint8)).toImage()
    side = picture.width()
    assert side == picture.height()
    colours = [picture.pixelColor(side // 2, y).red() for y in (2, side // 2, side - 3)]
    assert colours == [0, 200, 0]


def test_ctrl_a_selects_all_cells_that_are_shown(grid: CellsGrid, qtbot) -> None:
    qtbot.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(grid.gallery.selected) == N


def test_enter_opens_the_cell_that_arrow_keys_have_come_to(grid: CellsGrid, qtbot) -> None:
    opened: list[int] = []
    grid.opened.connect(opened.append)
    for key in (Qt.Key.Key_Enter, Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    qtbot.keyClick(grid, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert opened == [grid.gallery.order[1]] * 2


@pytest.mark.parametrize(("moved", "expected"), [(True, 4), (False, 5)])
def test_arrow_keys_go_on_where_a_cell_was_named(grid: CellsGrid, qtbot, moved: bool, expected: int) -> None:
    grid.setCurrentIndex(grid.cells_model.index(4))
    cells, given = grid.gallery.cells, grid.gallery.cells.given.copy()
    given[grid.gallery.order[4]] = moved  # it goes behind those that nobody has named
    order = list(grid.gallery.order)
    grid.rearrange(lambda: grid.gallery.update(replace(cells, given=given)))
    assert (list(grid.gallery.order) == order) is not moved
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.currentIndex().row() == expected
