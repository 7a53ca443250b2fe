"""The filter tells what is chosen, and offers the classes that there are."""

import pytest

from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.widgets.box_filter import BoxFilterBar

pytestmark = pytest.mark.window


@pytest.fixture
def bar(qtbot):
    bar = BoxFilterBar()
    qtbot.addWidget(bar)
    bar.show_classes(["blast", "plasma_cell"], BoxFilter())
    return bar


def test_class_and_sizes_are_told_together(bar, qtbot):
    told = []
    bar.chosen.connect(told.append)
    bar.classes.value = "plasma_cell"
    bar.smallest.native.setText("8,5")
    bar.largest.value = 12
    assert told[0] == BoxFilter("plasma_cell")
    assert told[-1] == BoxFilter("plasma_cell", 8.5, 12)


def test_a_class_that_is_chosen_stays_though_no_cell_is_left_of_it(bar):
    told = []
    bar.chosen.connect(told.append)
    bar.show_classes(["blast"], BoxFilter("plasma_cell"))
    assert bar.classes.value == "plasma_cell"
    assert told == []
