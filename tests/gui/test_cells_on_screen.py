"""Which cells are shown, and which lies where: the active layer comes first, then what is on top."""

import pytest

from napari_hemalens.gui.cells_on_screen import CellsOnScreen, are_of_same_frame
from napari_hemalens.gui.followers import BoxFollower, ClassFollower

RESULT = "nuclei: micronucleus"


@pytest.fixture
def cells(viewer, analysed, classified, explaining):
    return CellsOnScreen(viewer, (analysed, classified, explaining))


def test_boxes_and_classes_of_one_image_are_shown_together(cells):
    boxes, classes = cells.followers
    assert isinstance(boxes, BoxFollower)
    assert isinstance(classes, ClassFollower)
    assert are_of_same_frame(boxes, classes)
    assert cells.heatmaps == []


def test_a_cell_is_found_by_its_number_in_a_layer_that_shows_it(cells, viewer):
    each, row = cells.numbered(viewer.layers[RESULT], 7)
    assert each.cells.ids[row] == 7
    assert cells.numbered(viewer.layers[RESULT], 5) is None
    assert cells.numbered(viewer.layers["smear"], 7) is None


@pytest.mark.parametrize(("active", "kind"), [("smear cells", BoxFollower), (RESULT, ClassFollower)])
def test_where_several_show_a_cell_that_of_the_active_layer_is_meant(cells, viewer, active, kind):
    boxes, classes = cells.followers
    y, x = 0.1 * classes.cells.centres[0]
    boxes.field.drawing.layer.add([[0, 0], [0, 599], [399, 599], [399, 0]], shape_type="rectangle")
    boxes.field.cells = boxes.field.cells
    viewer.layers.selection.active = viewer.layers[active]
    assert isinstance(cells.at((y, x), viewer.layers)[0], kind)


def test_beside_all_cells_there_is_none(cells, viewer):
    assert cells.at((-50.0, -50.0), viewer.layers) is None


def test_only_cells_of_what_is_shown_in_a_place_are_found_there(cells, viewer):
    boxes, classes = cells.followers
    y, x = 0.1 * classes.cells.centres[0]
    viewer.layers.selection.active = viewer.layers[RESULT]
    assert cells.at((y, x), [viewer.layers["smear"]]) is not None
    assert isinstance(cells.at((y, x), [viewer.layers[RESULT]])[0], ClassFollower)
    assert cells.at((y, x), []) is None
    assert cells.of_layer(viewer.layers["smear cells"]) == boxes
    assert cells.of_layer(viewer.layers["smear"]) is None
