"""A real window, with a real mouse and keys: what a person does, and what must not go wrong."""

import gc
import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_hemalens import workflows
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.formats import via
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.detect import field_layers
from napari_hemalens.gui.detect.session import detection_session
from napari_hemalens.gui.layers import detections_from_layer
from napari_hemalens.gui.widgets import detect
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import CELL_CLASSES
from napari_hemalens.workflows import cards

pytestmark = pytest.mark.window
SHAPE = (400, 600)
PATIENCE = 60_000  # ms: a busy machine without a graphics card


@pytest.fixture
def finding(network, monkeypatch):
    """What finds the cells, at once, and of no other devices."""
    monkeypatch.setattr(workflows, "detect_steps", network)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    yield
    network.go.set()


@pytest.fixture
def dock(make_napari_viewer, npe2pm, finding):
    """The widget in a window with one image."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1400, 900)
    viewer.add_image(np.full((*SHAPE, 3), 200, np.uint8), rgb=True, name="smear", scale=(0.1, 0.1), units=("um", "um"))
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
        widget.viewer = viewer
        widget.form.slider.value = 0.5
        yield widget


@pytest.fixture
def alone(without_window, finding):
    """The widget without napari's window."""
    widget = without_window(detect.DetectWidget)
    widget.form.slider.value = 0.5
    return widget


@pytest.fixture
def ended():
    """A run has ended when all of its cells are drawn, too."""
    return lambda dock: not dock.session.running and settled(dock)


def settled(dock):
    return not any(f.following for f in dock.session.results.fields)


def canvas(dock):
    return dock.viewer.window._qt_viewer.canvas.native


def point(dock, y, x):
    """Return where a pixel of the image is on the canvas."""
    scene = dock.viewer.scene if hasattr(dock.viewer, "scene") else dock.viewer
    size = np.array([canvas(dock).height(), canvas(dock).width()])
    world = np.array([y, x]) * 0.1
    down, right = (world - scene.camera.center[-2:]) * scene.camera.zoom + size / 2
    return QPoint(round(right), round(down))


def drag(dock, start, end):
    widget, (first, last) = canvas(dock), (point(dock, *start), point(dock, *end))
    QTest.mouseMove(widget, first)
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=first)
    for step in range(1, 6):
        QTest.mouseMove(widget, first + (last - first) * step / 5)
        QApplication.processEvents()
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=last)


def counts(dock):
    """Return what the table on screen says: of classes that are recognised, and of those given by hand."""
    table = dock.differential.table
    rows = [[table.item(r, column).text() for column in (0, 1, 3)] for r in range(table.rowCount())]
    by_hand = {name: int(re.search(r"(\d+) by hand", text)[1]) for name, _, text in rows if "by hand" in text}
    return {name: int(count) for name, count, _ in rows if count not in {"-", "0"}} | by_hand


FOUND = {"myelocyte": 2, "erythroblast": 2, "lymphocyte": 1, "erythrocyte": 1}


def test_cells_are_corrected_with_a_click_and_a_key(dock, run, qtbot):
    run()
    layer = dock.viewer.layers["smear cells"]
    assert counts(dock) == FOUND
    dock.viewer.reset_view()
    QApplication.processEvents()
    where = point(dock, *layer.features.loc[0, ["y", "x"]])
    QTest.mouseMove(canvas(dock), where)
    QTest.mouseClick(canvas(dock), Qt.MouseButton.LeftButton, pos=where)
    qtbot.waitUntil(lambda: set(layer.selected_data) == {0}, timeout=PATIENCE)
    QTest.keyClick(canvas(dock), Qt.Key.Key_1)
    assert counts(dock) == FOUND | {"myelocyte": 1, "blast": 1}
    QTest.keyClick(canvas(dock), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert counts(dock) == FOUND
    dock.review.redo.click()
    QTest.keyClick(canvas(dock), Qt.Key.Key_Delete)
    assert counts(dock) == FOUND | {"myelocyte": 1}


def test_annotations_of_a_file_are_shown_and_counted(alone, qtbot, monkeypatch, tmp_path):
    cells = Detections.from_arrays(
        [[10, 20, 40, 60]], [1], [0], names=("blast",), image_shape=SHAPE, provenance=Provenance(image="smear.png")
    )
    via.write([cells], tmp_path / "via.json")
    answer = ([str(tmp_path / "via.json")], "")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: answer)
    alone.annotations.click()
    qtbot.waitUntil(lambda: not alone.session.running and settled(alone), timeout=PATIENCE)
    assert alone.viewer.layers["smear cells"].nshapes == 1
    assert counts(alone) == {"blast": 1}


def test_cells_are_drawn_and_moved_with_the_mouse(dock, run, qtbot):
    run()
    layer = dock.viewer.layers["smear cells"]
    dock.viewer.reset_view()
    QApplication.processEvents()
    dock.session.results.classify("blast")

    def blast():
        cells = detections_from_layer(layer)
        return cells.boxes[cells.class_names == "blast"].ravel()

    layer.mode = "add_rectangle"
    drag(dock, (250, 300), (310, 380))
    qtbot.waitUntil(lambda: counts(dock) == FOUND | {"blast": 1} and settled(dock), timeout=PATIENCE)
    drawn = blast()
    np.testing.assert_allclose(drawn, [250, 300, 310, 380], atol=3)
    layer.mode = "select"
    drag(dock, (280, 340), (300, 340))
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    np.testing.assert_allclose(blast(), drawn + np.array([20, 0, 20, 0]), atol=3)
    assert counts(dock) == dock.session.results.detections()[0].counts()


def test_hovering_over_a_cell_tells_its_class_and_score(dock, run, qtbot, monkeypatch):
    told = []
    monkeypatch.setattr(detect.QToolTip, "showText", lambda _, text: told.append(text))
    run()
    dock.viewer.reset_view()
    QApplication.processEvents()
    y, x = dock.viewer.layers["smear cells"].features.loc[0, ["y", "x"]]
    away, cell = point(dock, y + 1, x + 1), point(dock, y, x)

    def hovered():  # to and fro: a window of another test on the same display may have taken a move
        QTest.mouseMove(canvas(dock), away)
        QTest.mouseMove(canvas(dock), cell)
        return "myelocyte, score 0.95" in told

    qtbot.waitUntil(hovered, timeout=PATIENCE)


def test_run_is_off_and_stop_on_while_a_run_goes_on(alone, qtbot, network):
    network.go.clear()
    alone.running.run.click()
    assert (alone.running.run.isEnabled(), alone.running.stop.isEnabled()) == (False, True)
    qtbot.waitUntil(lambda: "tile 1 of 4" in alone.running.words.text(), timeout=PATIENCE)
    alone.running.stop.click()
    network.go.set()
    qtbot.waitUntil(alone.running.run.isEnabled, timeout=PATIENCE)
    assert alone.running.words.text().startswith("Stopped.")


def test_the_slider_filters_without_a_run(dock, run, qtbot, network):
    run()
    dock.form.slider.value = 0.1
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert dock.viewer.layers["smear cells"].nshapes == 12
    assert len(network.asked) == 1


def close_dock_and_viewer(dock):
    dock.viewer.window.remove_dock_widget(dock)
    dock.viewer.close()


def close_viewer(dock):
    dock.viewer.close()


def press_the_x_of_the_window(dock):
    dock.viewer.window._qt_window.close()
    del dock.viewer.window._qt_window  # as Viewer.close() does: a window cannot be closed twice


@pytest.mark.parametrize("close", [close_dock_and_viewer, close_viewer, press_the_x_of_the_window])
def test_closing_during_a_run_leaves_no_thread_and_no_traceback(dock, qtbot, network, close):
    network.go.clear()
    dock.running.run.click()
    qtbot.waitUntil(lambda: "tile 1 of 4" in dock.running.words.text(), timeout=PATIENCE)
    close(dock)
    network.go.set()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    QApplication.processEvents()


def test_a_dock_opened_again_finds_run_and_results(dock, qtbot, network):
    network.go.clear()
    viewer, session = dock.viewer, dock.session
    dock.running.run.click()
    qtbot.waitUntil(lambda: session.results.fields != [], timeout=PATIENCE)
    viewer.window.remove_dock_widget(dock)
    gc.collect()
    _, again = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
    assert again is not dock
    assert again.session is session is detection_session(viewer, lambda _: None)
    assert again.running.stop.isEnabled()
    network.go.set()
    qtbot.waitUntil(lambda: not session.running, timeout=PATIENCE)
    assert again.form.slider.value == pytest.approx(0.5)
    again.viewer = viewer
    assert sum(counts(again).values()) == 6


def test_corrections_are_not_discarded_without_a_question(alone, run_alone, monkeypatch):
    run_alone()
    alone.viewer.layers["smear cells"].selected_data = {0}
    alone.session.results.classify("blast")
    asked = []
    for answer, blasts in ((None, 1), (True, 1), (False, 0)):
        monkeypatch.setattr(detect, "ask_to_keep", lambda _, count, a=answer: asked.append(count) or a)
        run_alone()
        assert counts(alone).get("blast", 0) == blasts
    assert asked == [1, 1, 1]


def test_a_folder_is_counted_as_one_and_looked_at_image_by_image(dock, run, qtbot, tmp_path):
    for name in ("a.png", "b.png"):
        iio.imwrite(tmp_path / name, np.full((*SHAPE, 3), 200, np.uint8))
    assert not dock.shown.visible
    dock.images.choose_folder(tmp_path)
    assert dock.images.images.current_choice == f"{tmp_path.name} (2 images)"
    run()
    assert sum(counts(dock).values()) == 12
    assert [f.name for f in dock.fields.choices] == ["a.png", "b.png"]
    assert dock.fields.current_choice == "a.png"
    dock.fields.value = dock.fields.choices[1]
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert dock.fields.current_choice == "b.png"
    assert [layer.name for layer in dock.viewer.layers] == ["smear", "b.png", "b.png cells"]


def test_the_frame_on_screen_is_the_shown_image_wherever_sliders_go(dock, run, qtbot):
    viewer = dock.viewer
    viewer.layers.clear()
    viewer.add_image(np.full((3, *SHAPE, 3), 200, np.uint8), rgb=True, name="series")
    for frame in (0, 1):
        viewer.dims.set_current_step(0, frame)
        run()
        qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert dock.fields.current_choice == "series [T=1]"
    viewer.dims.set_current_step(0, 0)
    assert dock.fields.current_choice == "series [T=0]"
    viewer.dims.set_current_step(0, 2)
    assert dock.fields.native.currentIndex() == -1
    dock.fields.value = dock.fields.choices[1]
    assert viewer.dims.current_step[0] == 1


@pytest.mark.parametrize("answer", ["folder", ""])
def test_a_folder_is_asked_for_and_may_be_refused(alone, tmp_path, monkeypatch, answer):
    iio.imwrite(tmp_path / "a.png", np.full((*SHAPE, 3), 200, np.uint8))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path) if answer else "")
    alone.images.images.value = alone.images.images.choices[-1]
    assert alone.images.sources() == ((tmp_path / "a.png",) if answer else (alone.viewer.layers["smear"],))
    assert alone.form.read().pixel_size_um == (None if answer else pytest.approx(0.1))


def test_a_folder_without_images_is_refused_in_a_sentence(alone, tmp_path):
    alone.images.choose_folder(tmp_path)
    assert alone.running.message.text().startswith("No image in")


@pytest.mark.usefixtures("finding")
def test_the_threshold_stays_that_of_the_weights_until_a_person_moves_it(without_window, monkeypatch, tmp_path):
    dock = without_window(detect.DetectWidget)
    own = cards.detector_card(dock.form.read().weights).score_threshold
    assert own != 0.5
    assert dock.session.results.score_threshold == own
    dock.project.open(tmp_path / "project")
    dock.form.options["tissue"].value = "blood"
    dock.project.session.keep_now()
    dock.project.session.leave()
    dock.project.open(tmp_path / "project")
    assert (dock.form.slider.value, dock.form.read().tissue) == (own, "blood")
    dock.form.slider.value = 0.7
    dock.project.session.keep_now()
    dock.project.session.leave()
    dock.form.slider.value = own
    dock.project.open(tmp_path / "project")
    assert dock.form.slider.value == 0.7


def test_a_script_lies_on_the_clipboard(alone):
    alone.exports.copy.click()
    script = QApplication.clipboard().text()
    compile(script, "clipboard", "exec")
    assert "score_threshold=0.5" in script
    assert "pixel_size_um=0.1" in script


def test_the_image_list_follows_the_layers(dock):
    box, viewer = dock.images.images.native, dock.viewer
    other = viewer.add_image(np.zeros((50, 50)), name="other")

    def offered():
        return [box.itemText(i) for i in range(box.count())]

    assert offered() == ["smear", "other", "All 2 image layers", "Selected image layers", "Folder of images…"]
    other.name = "renamed"
    assert "renamed" in offered()
    box.setCurrentIndex(3)
    viewer.layers.selection = {other}
    assert dock.images.sources() == (other,)
    box.setCurrentIndex(2)
    assert len(dock.images.sources()) == 2
    viewer.layers.remove("renamed")
    assert offered() == ["smear", "Folder of images…"]
    assert dock.form.read().pixel_size_um == pytest.approx(0.1)
    viewer.add_shapes(name="fields")
    assert dock.images.regions.native.findText("Rectangles of fields") == 2


def test_a_pixel_size_typed_by_a_person_is_not_overwritten_by_other_news(alone):
    alone.form.options["pixel_size_um"].native.setText("0.2")
    alone.viewer.add_image(np.zeros((50, 50)), name="other")
    alone.viewer.layers["smear"].name = "renamed"
    assert alone.form.read().pixel_size_um == 0.2
    assert alone.images.images.value is alone.viewer.layers["renamed"]


def test_a_project_keeps_no_pixel_size_but_a_typed_one(alone, tmp_path):
    keeper, size = alone.session.keeper, alone.form.options["pixel_size_um"]
    assert (size.value, keeper.options.pixel_size_um) == (pytest.approx(0.1), None)
    assert alone.project.open(tmp_path / "project")
    alone.project.session.leave()
    size.native.setText("0.3")
    assert keeper.options.pixel_size_um == 0.3
    assert alone.project.open(tmp_path / "project")
    assert (size.value, keeper.options.pixel_size_um) == (pytest.approx(0.1), None)
    size.native.setText("0.2")
    alone.project.session.leave()
    alone.images.changed.emit()
    assert alone.project.open(tmp_path / "project")
    assert size.value == 0.2


def test_a_dock_goes_along_to_an_image_that_is_opened_after_a_project(alone, tmp_path):
    assert alone.project.open(tmp_path / "project")
    alone.project.session.leave()
    assert alone.project.open(tmp_path / "project")
    alone.viewer.add_image(np.zeros((50, 50)), name="other")
    assert alone.images.images.value is alone.viewer.layers["other"]


@pytest.mark.parametrize(("box", "index"), [("images", 3), ("images", 2), ("regions", 1), ("regions", 2)])
def test_a_choice_outlives_other_layers(alone, box, index):
    alone.viewer.add_image(np.zeros((50, 50)), name="other")
    alone.viewer.add_shapes(name="fields")
    chosen = getattr(alone.images, box).native
    chosen.setCurrentIndex(index)
    words = chosen.currentText()
    alone.viewer.add_points(name="news")
    assert chosen.currentText() == words


def test_a_folder_stays_chosen_when_its_cells_are_shown(alone, run_alone, tmp_path):
    iio.imwrite(tmp_path / "a.png", np.full((*SHAPE, 3), 200, np.uint8))
    alone.images.choose_folder(tmp_path)
    run_alone()
    assert "a.png cells" in alone.viewer.layers
    assert alone.images.sources() == (tmp_path / "a.png",)


def test_it_is_said_where_cells_become_points(dock, run, network, qtbot, monkeypatch):
    monkeypatch.setattr(field_layers, "BOXES_AT_MOST", 5)
    run()
    qtbot.waitUntil(lambda: "shown as points" in dock.differential.warnings.text(), timeout=PATIENCE)


def test_clear_forgets_the_cells_and_undo_brings_them_back(dock, run, qtbot):
    run()
    dock.exports.clear.click()
    assert [layer.name for layer in dock.viewer.layers] == ["smear"]
    assert (dock.differential.isVisible(), dock.review.undo.isVisible()) == (False, True)
    dock.review.undo.click()
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert counts(dock) == FOUND


def test_a_small_window_scrolls_instead_of_squeezing_or_growing(dock, run, qtbot):
    run()
    window = dock.viewer.window._qt_window
    window.resize(1280, 800)
    dock.form.folded.expand(animate=False)
    dock.running.say("/data/" + 30 * "a_long_name_" + ".png: Cannot read it. " + 20 * "Why, a long story. ")
    qtbot.waitUntil(dock.verticalScrollBar().isVisible, timeout=PATIENCE)
    assert window.height() == 800
    assert dock.widget().width() <= dock.viewport().width()
    children = (dock.differential.table, dock.running.message, *(e.native for e in dock.form.options.values()))
    qtbot.waitUntil(lambda: all(c.height() >= c.minimumSizeHint().height() for c in children), timeout=PATIENCE)


def test_the_name_of_no_class_makes_the_dock_too_wide(dock, run, qtbot):
    run()
    for cell in CELL_CLASSES:
        dock.review.show_state(cell.name, can_undo=True, can_redo=True)
        qtbot.wait(20)  # while layouts find their places
        assert dock.widget().minimumSizeHint().width() <= dock.viewport().width(), cell.name


def test_the_menu_of_classes_stays_open_while_a_run_goes_on(alone, run_alone):
    actions = alone.review.menu.actions()
    run_alone()
    assert alone.review.menu.actions() == actions


def test_class_labels_on_boxes_are_switched_on_and_off(dock, run):
    run()
    text = dock.viewer.layers["smear cells"].text
    assert text.visible
    dock.review.labels.native.click()
    assert not text.visible
    assert not dock.session.show_labels


UNSURE_FOUND = {"myelocyte": 1, "erythroblast": 1, "lymphocyte": 1, "erythrocyte": 1, "unsure": 2}


def test_unsure_cells_are_reviewed_with_keys(dock, run, qtbot, network):
    network.names_cells = True
    run()
    layer, bar = dock.viewer.layers["smear cells"], dock.review
    assert counts(dock) == UNSURE_FOUND
    assert bar.next.text() == "Review the least certain (5)"
    bar.next.click()
    assert bar.words.text() == "Cell 5: myelocyte (p 0.62), score 0.64, unsure"
    QTest.keyClick(canvas(dock), Qt.Key.Key_1)
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert bar.words.text() == "Cell 5: blast, corrected"
    QTest.keyClick(canvas(dock), Qt.Key.Key_N)
    assert bar.words.text() == "Cell 2: erythroblast (p 0.83), score 0.87, unsure"
    QTest.keyClick(canvas(dock), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert counts(dock) == {"blast": 1, "myelocyte": 1, "erythroblast": 2, "lymphocyte": 1, "erythrocyte": 1}
    assert bar.next.text() == "Review the least certain (3)"
    QTest.keyClick(canvas(dock), Qt.Key.Key_U)
    qtbot.waitUntil(lambda: settled(dock), timeout=PATIENCE)
    assert bar.next.text() == "Review the least certain (4)"
    assert layer.shape_type.count("polygon") == 1


def test_tissue_and_unsure_cells_act_at_once_and_undo_shows_the_tissue(alone, run_alone, qtbot, network):
    network.names_cells = True
    run_alone()
    alone.form.options["tissue"].value = "blood"
    assert counts(alone) == {"myelocyte": 1, "lymphocyte": 2, "erythrocyte": 1, "unsure": 2}
    alone.form.options["unsure"].value = "counted"
    assert counts(alone) == {"myelocyte": 1, "lymphocyte": 4, "erythrocyte": 1}
    alone.form.options["tissue_prior"].value = False
    assert counts(alone) == FOUND
    for tissue in ("blood", "marrow"):
        alone.review.undo.click()
        assert alone.form.options["tissue"].value == tissue
    assert counts(alone) == FOUND
    assert alone.form.read().tissue_prior
    qtbot.waitUntil(lambda: settled(alone), timeout=PATIENCE)
    assert len(network.asked) == 1


@pytest.mark.parametrize("may", [True, False])
def test_nothing_is_saved_over_files_that_are_to_stay(alone, tmp_path, monkeypatch, may):
    saved = []
    monkeypatch.setattr(detect, "may_replace", lambda *_: may)
    monkeypatch.setattr(alone.session, "save", lambda *to: saved.append(to[0]))
    alone.exports.saved.emit(tmp_path, ("csv",))
    assert saved == ([tmp_path] if may else [])


@pytest.mark.parametrize("asked", [None, (Path("report.pdf"), ReportRecipe(language="de"))])
def test_the_report_button_asks_what_a_report_is_to_say(alone, monkeypatch, asked):
    printed, known = [], []
    monkeypatch.setattr(alone.session, "print_report", lambda *how: printed.append(how))
    monkeypatch.setattr(detect, "ask_for_report", lambda _, sample, ranges: known.append((sample, ranges)) or asked)
    alone.exports.report.click()
    assert (printed, known) == ([asked] if asked else [], [(("", ""), True)])
