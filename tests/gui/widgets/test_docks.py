"""A dock is looked up by its registered name, however it was opened."""

import pytest
from qtpy.QtWidgets import QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.widgets.detect import DetectWidget
from napari_hemalens.gui.widgets.docks import open_dock

pytestmark = pytest.mark.window


@pytest.fixture
def viewer(make_napari_viewer, npe2pm, monkeypatch):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        yield make_napari_viewer()


def docked(viewer):
    return len(viewer.window.dock_widgets)


def test_a_dock_is_opened_once_and_found_again(viewer):
    opened = open_dock(viewer, "Detect cells")
    assert isinstance(opened, DetectWidget)
    assert open_dock(viewer, "Detect cells") is opened
    assert docked(viewer) == 1


def test_docks_lie_over_each_other_and_the_last_is_in_front(make_napari_viewer, npe2pm, monkeypatch, qtbot):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        viewer = make_napari_viewer(show=True)
        first = open_dock(viewer, "Detect cells")
        _, second = viewer.window.add_plugin_dock_widget("napari-hemalens", "Classify cells")
        qtbot.waitUntil(
            lambda: first.visibleRegion().isEmpty() and not second.visibleRegion().isEmpty(), timeout=60_000
        )


def test_a_dock_opened_by_a_script_is_found(viewer):
    _, opened = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
    assert open_dock(viewer, "Detect cells") is opened
    assert docked(viewer) == 1


def test_a_dock_opened_from_the_menu_is_found(viewer):
    opened = QWidget()
    viewer.window.add_dock_widget(opened, name="Detect cells (HemaLens)")
    assert open_dock(viewer, "Detect cells") is opened


def test_a_dock_that_is_not_registered_is_refused_in_a_sentence(viewer):
    with pytest.raises(HemaLensError, match=r"No dock 'Count'. Known: Detect cells, Classify cells"):
        open_dock(viewer, "Count")
