"""The demo in a real window: from the menu, from the line in an empty dock, and when the window is closed meanwhile."""

import pytest

from napari_hemalens import workflows
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.demo import viewer_demo
from napari_hemalens.gui.explain import session as explain_session
from napari_hemalens.gui.widgets.docks import open_dock

pytestmark = pytest.mark.window
PATIENCE = 60_000  # ms


@pytest.fixture
def viewer(make_napari_viewer, npe2pm, network, classifier, explainer, monkeypatch):
    monkeypatch.setattr(workflows, "detect_steps", network)
    monkeypatch.setattr(workflows, "classify_steps", classifier)
    monkeypatch.setattr(explain_session, "map_steps", explainer)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    shown = make_napari_viewer(show=True)
    shown.window._qt_window.resize(1500, 940)
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        yield shown
    network.go.set()


def test_the_line_in_an_empty_dock_opens_the_demo_which_ends_on_a_cell(viewer, qtbot):
    _, detect = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
    qtbot.waitUntil(detect.hint.isVisible, timeout=PATIENCE)
    assert detect.hint.demo.text() == "Try the demo"
    detect.hint.demo.click()
    opened = open_dock(viewer, "Try the demo")
    qtbot.waitUntil(lambda: opened.demo.step == "look", timeout=PATIENCE)
    assert not detect.hint.isVisible()
    assert opened.docks["detect"] is detect  # no second one
    attention = opened.docks["explain"]
    assert attention.cell.words.text().startswith("Cell ")
    assert attention.isVisible()
    assert attention.cells.value is opened.demo.cells
    assert opened.steps.text().count("✓") == 3
    assert opened.running.run.isEnabled()


def test_stop_ends_the_demo_and_it_can_be_started_again(viewer, qtbot, network):
    network.go.clear()
    opened = open_dock(viewer, "Try the demo")
    qtbot.waitUntil(lambda: "tile 1" in opened.running.words.text(), timeout=PATIENCE)
    opened.start_demo()
    assert "A run goes on" in opened.running.message.text()
    opened.running.stop.click()
    network.go.set()
    qtbot.waitUntil(lambda: opened.demo.step is None, timeout=PATIENCE)
    assert "✓" not in opened.steps.text()
    opened.running.run.click()
    qtbot.waitUntil(lambda: opened.demo.step == "look", timeout=PATIENCE)


def test_a_window_closed_meanwhile_ends_it_without_a_word(viewer, qtbot, network):
    network.go.clear()
    opened = open_dock(viewer, "Try the demo")
    qtbot.waitUntil(lambda: "tile 1" in opened.running.words.text(), timeout=PATIENCE)
    demo = viewer_demo(viewer, lambda _: None)
    viewer.close()
    network.go.set()
    qtbot.wait(500)
    assert demo.step == "detect"  # nothing went on
