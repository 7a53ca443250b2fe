"""A cell is selected in a real window: by the mouse, and by a row of napari's features table."""

import numpy as np
import pytest
from qtpy.QtCore import QItemSelectionModel, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_hemalens import workflows
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.explain import session as explain_session

features_table = pytest.importorskip("napari_builtins._qt.features_table")
pytestmark = pytest.mark.window

PATIENCE = 60_000  # ms
CELLS = (4, 7, 9, 70_000)


@pytest.fixture
def window(make_napari_viewer, npe2pm, network, classifier, explainer, labels, card_file, qtbot, monkeypatch):
    """A window with one image, its nuclei classified and explained, and the features table of napari."""
    monkeypatch.setattr(workflows, "classify_steps", classifier)
    monkeypatch.setattr(explain_session, "map_steps", explainer)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1500, 900)
    place = {"scale": (0.1, 0.1), "units": ("um", "um")}
    viewer.add_image(np.full((400, 600, 3), 200, np.uint8), rgb=True, name="smear", **place)
    nuclei = viewer.add_labels(labels, name="nuclei", **place)
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        for name in ("Classify cells", "Attention"):
            _, dock = viewer.window.add_plugin_dock_widget("napari-hemalens", name)
            dock.form.choose_file(card_file)
            dock.cells.value = nuclei
            dock.running.run.click()
            qtbot.waitUntil(lambda dock=dock: not dock.session.running, timeout=PATIENCE)
        yield viewer, dock


@pytest.fixture
def table(window, qtbot):
    viewer, _ = window
    shown = features_table.FeaturesTable(viewer)
    viewer.window.add_dock_widget(shown, area="bottom", name="Features table")
    layer = viewer.layers["nuclei: micronucleus"]
    viewer.layers.selection.active = layer
    # The table is looked for between the events of the window, which may take its time; then we listen after it.
    qtbot.waitUntil(lambda: listeners(layer)[-2:] == ["_update_table_selected_cells", "_on_label"], timeout=PATIENCE)
    return shown


def listeners(layer):
    """Return the names of the methods that are told of the selected label, in their order."""
    return [
        method for entry in layer.events.selected_label.callbacks if isinstance(entry, tuple) for method in entry[1:]
    ]


def choose(table, row):
    """Select a row of the table, as a click on it does."""
    view = table.table
    flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    view.selectionModel().select(view.model().index(row, 0), flags)


def rows(table):
    return {index.row() for index in table.table.selectionModel().selectedIndexes()}


def test_a_row_of_the_features_table_selects_its_cell_not_a_label(window, table):
    viewer, dock = window
    for row in (1, 3, 0, 2):
        choose(table, row)
        assert viewer.layers["nuclei: micronucleus"].selected_label == CELLS[row]
        assert dock.cell.words.text().startswith(f"Cell {CELLS[row]}:")
        assert rows(table) == {row}


def test_the_row_that_is_the_selected_label_already_can_be_chosen(window, table):
    viewer, dock = window
    choose(table, 0)
    assert viewer.layers["nuclei: micronucleus"].selected_label == 4  # of which row 4 is not there
    dock.session.choose_cell(7)
    assert rows(table) == {1}
    viewer.layers["nuclei: micronucleus"].selected_label = 4
    assert rows(table) == {0}


@pytest.mark.parametrize("later", ["opened", "reconnected"])
def test_a_table_that_hears_of_a_label_after_us_shows_its_row(window, later, qtbot, request):
    viewer, dock = window
    layer = viewer.layers["nuclei: micronucleus"]
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: listeners(layer)[-1] == "_on_label", timeout=PATIENCE)
    if later == "opened":
        shown = features_table.FeaturesTable(viewer)
        viewer.window.add_dock_widget(shown, area="bottom", name="Features table")
    else:
        shown = request.getfixturevalue("table")
        layer.events.selected_label.disconnect(shown._update_table_selected_cells)
        layer.events.selected_label.connect(shown._update_table_selected_cells)
    assert listeners(layer)[-1] == "_update_table_selected_cells"
    layer.selected_label = 9
    assert rows(shown) == {2}
    assert dock.cell.words.text().startswith("Cell 9:")
    layer.features = layer.features.copy()
    assert rows(shown) == {2}


def test_a_held_key_does_not_keep_the_table_from_showing_the_row(window, qtbot):
    viewer, _ = window
    layer = viewer.layers["nuclei: micronucleus"]
    viewer.layers.selection.active = layer
    qtbot.waitUntil(lambda: listeners(layer)[-1] == "_on_label", timeout=PATIENCE)
    layer.selected_label = 1  # no cell, but napari's row 1
    shown = features_table.FeaturesTable(viewer)
    viewer.window.add_dock_widget(shown, area="bottom", name="Features table")
    assert rows(shown) == {1}
    held = viewer.window._qt_window
    for key in ("Control", "Shift"):
        QTest.keyPress(held, Qt.Key[f"Key_{key}"], Qt.KeyboardModifier[f"{key}Modifier"])
        try:
            assert QApplication.keyboardModifiers() == Qt.KeyboardModifier[f"{key}Modifier"]
            for number, row in ((9, {2}), (7, {1}), (4, {0})):
                layer.selected_label = number
                assert rows(shown) == row
        finally:
            QTest.keyRelease(held, Qt.Key[f"Key_{key}"])


def test_a_click_on_the_canvas_shows_the_row_the_label_and_the_cell(window, table):
    viewer, dock = window
    viewer.reset_view()
    QApplication.processEvents()
    scene = viewer.scene if hasattr(viewer, "scene") else viewer
    native = viewer.window._qt_viewer.canvas.native
    middle = np.array([320, 420]) * 0.1
    offset = (middle - scene.camera.center[-2:]) * scene.camera.zoom
    y, x = np.round(offset + np.array([native.height(), native.width()]) / 2).astype(int)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(int(x), int(y)))
    QApplication.processEvents()
    assert viewer.layers["nuclei: micronucleus"].selected_label == 70_000
    assert rows(table) == {3}
    assert dock.cell.words.text().startswith("Cell 70000:")
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(int(x) - 60, int(y)))
    QApplication.processEvents()
    assert rows(table) == set()
    assert "Click a cell" in dock.cell.words.text()
