"""The choice of a project is the same in every dock, and a window opens the work of another as it was."""

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_hemalens import workflows
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.widgets import project_choice
from napari_hemalens.gui.widgets.choices import layer_choice
from napari_hemalens.gui.widgets.project_choice import ASK, NONE, ProjectChoice, follow_slides
from napari_hemalens.workflows.teaching import open_project

PATIENCE = 60_000  # ms


@pytest.fixture
def at_hand(runner, monkeypatch):
    monkeypatch.setattr(project_choice, "QtRunner", lambda _: runner)


@pytest.fixture
def choices(qtbot, viewer, at_hand, session):
    """The choices of two docks, Detect among them."""
    made = ProjectChoice(viewer), ProjectChoice(viewer, lambda: "leukocyte")
    for each in made:
        qtbot.addWidget(each)
    made[0].session.join(session.keeper)
    yield made
    made[0].session.end()


def choose(choice, folder, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    choice.box.value = ASK


def labels(choice):
    return [choice.box.native.itemText(i) for i in range(choice.box.native.count())]


def test_a_project_chosen_in_one_dock_is_that_of_all(choices, tmp_path, monkeypatch):
    one, other = choices
    assert (labels(one), one.words.isHidden()) == (["none", "Open or make…"], True)
    choose(one, tmp_path / "p", monkeypatch)
    for each in choices:
        assert labels(each) == ["none", "p", "Open or make…"]
        assert each.box.value == tmp_path / "p"
        assert each.box.tooltip == f"Kept in {tmp_path / 'p'}"
    choose(other, tmp_path / "q", monkeypatch)
    assert "neutrophil" in one.session.project.classes.names
    one.box.value = tmp_path / "p"
    assert one.session.project.folder == tmp_path / "p"
    other.box.value = NONE
    assert (one.session.project, one.box.value) == (None, NONE)


def test_an_image_goes_along_with_the_slides_that_are_opened(choices, viewer, qtbot):
    session = choices[0].session
    box = layer_choice(viewer, Image, "Image", absent="none")
    gone = layer_choice(viewer, Image, "Image", absent="none")
    qtbot.addWidget(box.native)
    for each in (box, gone):
        follow_slides(session, each)
    with qtbot.waitSignal(gone.native.destroyed):
        gone.native.deleteLater()
    slides = [viewer.add_image(np.zeros((4, 6)), name=name) for name in ("a", "b")]
    box.reset_choices()
    session.slide_opened.emit(slides[0])
    assert box.value is slides[0]
    box.enabled = False  # during a run
    session.slide_opened.emit(slides[1])
    assert box.value is slides[0]


def test_no_folder_changes_nothing(choices, monkeypatch):
    choose(choices[0], "", monkeypatch)
    assert (choices[0].session.project, choices[0].box.value) == (None, NONE)


@pytest.mark.parametrize("answer", ["Yes", "Cancel"])
def test_a_project_of_another_window_is_looked_at_on_request(choices, tmp_path, monkeypatch, answer):
    asked = []
    kinds = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *said: asked.append(said[2]) or kinds[answer])
    with open_project(tmp_path / "p"):
        choose(choices[0], tmp_path / "p", monkeypatch)
        assert asked[0].endswith("or look only. Look at it without changing it?")
        assert (choices[1].session.project is not None) == (answer == "Yes")
        if answer == "Yes":
            assert labels(choices[1])[1] == "p (look only)"
            assert choices[1].words.text() == f"{tmp_path / 'p'} is looked at only: nothing is kept."


@pytest.mark.parametrize("answer", ["Yes", "Cancel"])
def test_corrections_that_nothing_keeps_are_not_lost_unasked(
    choices, session, viewer, runner, recipe, tmp_path, monkeypatch, answer
):
    choose(choices[0], tmp_path / "p", monkeypatch)
    session.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    choices[0].box.value = NONE
    session.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    viewer.layers["smear cells"].selected_data = {0}
    session.results.press("1")
    asked = []
    kinds = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *said: asked.append(said[2]) or kinds[answer])
    choose(choices[0], tmp_path / "p", monkeypatch)
    assert asked == ["1 corrected cell is not kept anywhere, and the project's own would take their place. Go on?"]
    assert (choices[0].session.project is not None) == (answer == "Yes")
    assert session.results.fields[0].cells.n_corrections == (0 if answer == "Yes" else 1)


def detect_dock(viewer):
    viewer.window._qt_window.resize(1366, 768)
    _, made = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
    return made


def settled(made):
    results = made.session.results
    return not made.session.running and results.fields and not any(f.following for f in results.fields)


def corrected(dock, qtbot):
    """Run with other options and correct cells, the last of them just before the end."""
    dock.form.options["tissue"].value = "blood"
    dock.form.options["tile"].value = 512
    dock.running.run.click()
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    dock.session.results.fields[0].drawing.layer.selected_data = {0, 1}
    dock.session.results.press("1")
    # It writes by itself, and then nobody is asked at the end.
    qtbot.waitUntil(lambda: dock.session.unsaved == 0, timeout=PATIENCE)
    dock.session.results.press("7")
    return dock.session.results.detections()[0]


@pytest.mark.window
def test_a_second_window_opens_what_the_first_one_left(
    make_napari_viewer, npe2pm, network, monkeypatch, qtbot, tmp_path
):
    monkeypatch.setattr(workflows, "detect_steps", network)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))

    with npe2pm.tmp_plugin(package="napari-hemalens"):
        viewer = make_napari_viewer(show=True)
        place = {"scale": (0.1, 0.1), "units": ("um", "um")}
        viewer.add_image(np.full((400, 600, 3), 200, np.uint8), rgb=True, name="smear", **place)
        first = detect_dock(viewer)
        choose(first.project, tmp_path / "p", monkeypatch)
        before, table = corrected(first, qtbot), first.session.results.differential()
        viewer.window._qt_window.close()
        del viewer.window._qt_window  # as Viewer.close() does
        other = make_napari_viewer(show=True)
        second = detect_dock(other)
        choose(second.project, tmp_path / "p", monkeypatch)
        qtbot.waitUntil(lambda: settled(second), timeout=PATIENCE)
        after = second.session.results.detections()[0]
        np.testing.assert_array_equal(after.boxes, before.boxes)
        np.testing.assert_array_equal(after.corrections.kinds, before.corrections.kinds)
        assert second.session.results.differential() == table
        assert (second.form.read().tile, second.form.read().tissue) == (512, "blood")
        assert [layer.name for layer in other.layers] == ["smear", "smear cells"]
        assert len(other.layers["smear cells"].data) == len(before)
        assert second.differential.isVisible()
