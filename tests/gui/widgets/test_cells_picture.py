"""A cell of a picture is chosen by the mouse, and by keys alone."""

import numpy as np
import pytest
from PIL import Image as Picture
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_hemalens.figures.heatmaps import Gallery
from napari_hemalens.gui.widgets.cells_picture import CellsPicture, pixmap

pytestmark = pytest.mark.window

PLACES = {4: (0, 0, 20, 20), 70_000: (20, 0, 40, 20), 7: (0, 30, 20, 50), 9: (20, 30, 40, 50)}
KEYS = {"right": Qt.Key.Key_Right, "left": Qt.Key.Key_Left, "up": Qt.Key.Key_Up, "down": Qt.Key.Key_Down}


@pytest.fixture
def picture(qtbot):
    made = CellsPicture()
    qtbot.addWidget(made)
    made.show_gallery(Gallery(Picture.new("RGB", (40, 50), "grey"), PLACES), 1.0)
    made.show()
    made.activateWindow()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


@pytest.fixture
def chosen(picture):
    told = []
    picture.chosen.connect(told.append)
    return told


@pytest.mark.parametrize(
    ("keys", "cell"),
    [
        ([], 4),
        (["right"], 70_000),
        (["right", "down"], 9),
        (["down", "up"], 4),
        (["left", "up"], 4),
        (4 * ["right"], 9),
    ],
)
def test_arrows_go_from_cell_to_cell_and_enter_chooses(picture, chosen, keys, cell):
    for key in keys:
        QTest.keyClick(picture, KEYS[key])
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        QTest.keyClick(picture, key)
    assert chosen == [cell, cell]


def test_the_cell_that_the_keys_have_come_to_is_framed(picture):
    before = picture.grab().toImage()
    QTest.keyClick(picture, Qt.Key.Key_Right)
    after = picture.grab().toImage()
    framed = [
        before.pixelColor(1, 10) != after.pixelColor(1, 10),
        before.pixelColor(21, 10) != after.pixelColor(21, 10),
    ]
    assert framed == [True, True]


def test_a_click_beside_all_cells_chooses_none(picture, chosen):
    for y in (10, 25):
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(30, y))
    assert chosen == [70_000]


def test_a_pixmap_has_the_pixels_of_its_picture_at_the_ratio_of_the_screen(qapp):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[1, 2] = 10, 20, 30
    made = pixmap(Picture.fromarray(pixels), 2.0)
    assert (made.width(), made.height(), made.devicePixelRatioF()) == (6, 4, 2.0)
    assert made.toImage().pixelColor(2, 1).getRgb() == (10, 20, 30, 255)
