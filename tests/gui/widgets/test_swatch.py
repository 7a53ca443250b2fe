"""The icon of a class has its colour, and its key in a readable colour."""

import pytest
from qtpy.QtGui import QColor

from napari_hemalens.gui.widgets.swatch import SIDE, Swatches, swatch, unsure_swatch
from napari_hemalens.records.palette import colour_of

pytestmark = pytest.mark.window
NAMES = ("myelocyte", "lymphocyte", "erythrocyte", "micronucleus", "none")


def pixels(icon):
    image = icon.pixmap(SIDE, SIDE).toImage()
    return [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]


@pytest.mark.parametrize("name", NAMES)
def test_a_swatch_without_a_key_has_the_colour_of_its_class(qapp, name):
    assert {colour.name() for colour in pixels(swatch(name))} == {QColor(colour_of(name)).name()}


@pytest.mark.parametrize("name", NAMES)
def test_a_key_stands_out_from_the_colour_of_its_class(qapp, name):
    own = QColor(colour_of(name)).lightnessF()
    drawn = max(abs(colour.lightnessF() - own) for colour in pixels(swatch(name, "8")))
    assert drawn > 0.4


def test_two_keys_of_a_class_look_different(qapp):
    assert pixels(swatch("none", "1")) != pixels(swatch("none", "8"))


def test_unsure_cells_have_an_icon_of_another_form(qapp):
    image = unsure_swatch().pixmap(SIDE, SIDE).toImage()
    alphas = [image.pixelColor(x, y).alpha() for x, y in ((0, 0), (SIDE - 1, SIDE - 1), (SIDE // 2, 0), (0, SIDE // 2))]
    assert alphas[:2] == [0, 0]
    assert min(alphas[2:]) > 0


def test_an_icon_is_made_once_for_each_class_and_key(qapp):
    swatches = Swatches()
    assert swatches("blast", "1").cacheKey() == swatches("blast", "1").cacheKey()
    assert len({swatches(name, key).cacheKey() for name in ("blast", "myelocyte") for key in "12"}) == 4
    assert pixels(swatches("blast", "1")) == pixels(swatch("blast", "1"))
