"""Attention in a real window: choose methods, run, stop, click cells, compare, save."""

import numpy as np
import pytest
from PIL import Image as Picture
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLabel

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.explain import session
from napari_hemalens.gui.widgets import attention
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import PACKED
from napari_hemalens.records.tasks import task

pytestmark = pytest.mark.window
SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"
PATIENCE = 60_000  # ms: a busy machine without a graphics card


@pytest.fixture
def explanation(explainer, monkeypatch):
    """What explains the cells."""
    monkeypatch.setattr(session, "map_steps", explainer)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    yield
    explainer.go.set()


@pytest.fixture
def dock(make_napari_viewer, npe2pm, explanation, labels, card_file):
    """The widget in a window with one image and its nuclei, and weights for them."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1400, 900)
    place = {"scale": (0.1, 0.1), "units": ("um", "um")}
    viewer.add_image(np.full((*SHAPE, 3), 200, np.uint8), rgb=True, name="smear", **place)
    viewer.add_labels(labels, name="nuclei", **place)
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", "Attention")
        widget.viewer = viewer
        widget.form.methods.tick(())  # what is ticked stays so, and it is the best of the packed weights
        widget.form.choose_file(card_file)
        yield widget


@pytest.fixture
def alone(without_window, nuclei, explanation, card_file):
    """The same without napari's window."""
    widget = without_window(attention.AttentionWidget)
    widget.form.methods.tick(())
    widget.form.choose_file(card_file)
    return widget


@pytest.fixture
def field_file(tmp_path):
    """The file of a row of the task field; that of its weights is not there."""
    card = ClassifierCard(
        name="fields",
        description="Names fields",
        task="field",
        classes=task("field").classes,
        network=ClassifierRecipe(network="resnet18"),
        crop=CropRecipe(unit="field", width=1.0),
        metrics={},
        data="",
        licence="",
        training={},
        sha256="0",
    )
    file = tmp_path / "fields.json"
    file.write_text(card.model_dump_json(), encoding="utf-8")
    return file


def begin(dock, qtbot, explainer):
    """Press Run, and wait for the first batch of two."""
    explainer.go.clear()
    dock.running.run.click()
    qtbot.waitUntil(lambda: "batch 1 of 2" in dock.running.words.text(), timeout=PATIENCE)


def place_of(dock, number):
    """Return where the middle of a cell is in the canvas, in pixels of the screen."""
    dock.viewer.reset_view()
    QApplication.processEvents()
    scene = dock.viewer.scene if hasattr(dock.viewer, "scene") else dock.viewer
    native = dock.viewer.window._qt_viewer.canvas.native
    middle = np.array([axis.mean() * 0.1 for axis in np.nonzero(dock.viewer.layers["nuclei"].data == number)])
    offset = (middle - scene.camera.center[-2:]) * scene.camera.zoom
    return native, np.round(offset + np.array([native.height(), native.width()]) / 2).astype(int)


def click(dock, number):
    native, (y, x) = place_of(dock, number)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(int(x), int(y)))
    QApplication.processEvents()


def titles(dock):
    return [dock.form.methods.list.item(row).text() for row in range(dock.form.methods.list.count())]


def test_the_methods_of_the_weights_are_offered_the_best_first_and_ticked(alone):
    assert titles(alone)[:3] == ["Attention, layer 5", "Attention, layer 6", "Attention, all layers"]
    assert alone.form.methods.chosen() == ("layer-5",)
    assert "no extra pass" in alone.form.methods.list.item(0).toolTip()
    classes = alone.form.classes.native
    assert [classes.itemText(i) for i in range(classes.count())] == [
        "predicted class",
        "micronucleus",
        "none",
    ]
    alone.form.methods.tick(())
    assert not alone.running.run.isEnabled()
    alone.form.methods.tick(("occlusion",))
    assert alone.running.run.isEnabled()


def test_other_weights_have_other_methods_and_classes(alone):
    alone.form.options["task"].value = "all"
    assert titles(alone)[0] == "Grad-CAM, first stage"
    assert "Features of block 1, weighted" in titles(alone)
    assert alone.form.methods.chosen() == ("grad-cam-middle",)
    assert [alone.form.classes.native.itemData(i) for i in range(3)] == ["predicted", "blast", "normal"]


def test_a_run_shows_heat_on_the_image(dock, run, explainer):
    dock.form.methods.tick(("layer-5", "grad-cam"))
    dock.form.options["target"].value = "none"
    dock.form.options["smoothing"].value = 2.0
    assert not dock.results.isVisible()
    run()
    assert dock.results.isVisible()
    assert [asked.method for _, _, asked, _ in explainer.asked] == ["layer-5", "grad-cam"]
    assert {(asked.target, asked.smoothing) for _, _, asked, _ in explainer.asked} == {("none", 2.0)}
    native, (y, x) = place_of(dock, 70_000)
    picture = dock.viewer.screenshot(canvas_only=True, flash=False)
    ratio = picture.shape[0] / native.height()
    shown = picture[int(y * ratio), int(x * ratio), :3].astype(float)
    red, green, blue = shown
    assert red > green > blue  # three quarters of inferno over grey: orange
    assert np.ptp(shown) > 60
    assert (dock.viewer.layers["nuclei"].visible, dock.viewer.layers["nuclei"].contour) == (True, 2)


def test_a_click_shows_the_cell_its_heat_and_its_probabilities(dock, run):
    dock.form.methods.tick(("layer-5", "grad-cam"))
    run()
    assert dock.cell.words.text().startswith("Click a cell")
    assert not dock.cell.picture.isVisible()
    click(dock, 9)
    assert dock.cell.words.text() == "Cell 9: micronucleus. Explained: micronucleus."
    assert dock.cell.picture.pixmap().height() > 100
    assert [label.text() for label in dock.cell.bars.shares] == ["0.54", "0.46"]
    assert dock.cell.bars.bars[0].value() == 540
    click(dock, 4)
    assert dock.cell.words.text().startswith("Cell 4:")


def test_a_drag_moves_the_image_and_chooses_nothing(dock, run):
    run()
    native, (y, x) = place_of(dock, 9)
    QTest.mousePress(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(int(x), int(y)))
    QTest.mouseMove(native, QPoint(int(x) + 60, int(y) + 40))
    QTest.mouseRelease(
        native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(int(x) + 60, int(y) + 40)
    )
    assert dock.session.looked_at() == ([], [])


def test_one_method_is_shown_at_a_time_with_opacity_and_blending(dock, run):
    dock.form.methods.tick(("layer-5", "grad-cam"))
    run()
    layers, box = dock.viewer.layers, dock.blend.methods.native
    assert [box.itemText(i) for i in range(box.count())] == ["Attention, layer 5", "Grad-CAM"]
    box.setCurrentIndex(1)
    assert [layer.name for layer in layers] == ["smear", "nuclei", CAM]
    dock.blend.slider.value = 0.35
    dock.blend.overlay.value = True
    assert (layers[CAM].opacity, layers[CAM].blending) == (0.35, "additive")
    assert box.currentText() == "Grad-CAM"
    for layer in layers:
        layers.selection.active = layer
        before = box.currentText()
        QTest.keyClick(dock.viewer.window._qt_viewer.canvas.native, Qt.Key.Key_H)
        assert box.currentText() != before
    QTest.keyClick(dock.viewer.window._qt_viewer.canvas.native, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert [layer.name for layer in layers] == ["smear", "nuclei", CAM]


def test_stop_keeps_what_was_found_and_run_waits_for_the_end(alone, qtbot, explainer):
    begin(alone, qtbot, explainer)
    assert (alone.running.run.isEnabled(), alone.running.stop.isEnabled()) == (False, True)
    alone.form.methods.tick(("layer-5", "grad-cam"))  # choosing for the next run does not allow a second one
    assert not alone.running.run.isEnabled()
    assert not alone.sources.enabled
    alone.running.stop.click()
    explainer.go.set()
    qtbot.waitUntil(alone.running.run.isEnabled, timeout=PATIENCE)
    assert alone.running.words.text() == "Stopped. What was found is kept."
    heatmap = alone.viewer.layers[RESULT].data
    assert (heatmap[120, 120], heatmap[320, 420]) == (0.75, 0)


def test_the_gallery_unfolds_and_is_saved(dock, run, qtbot, tmp_path, monkeypatch):
    run()
    assert dock.gallery.picture.pixmap().isNull()
    dock.gallery.expand(animate=False)
    six = dock.gallery.picture.pixmap().height()
    assert six > 0
    dock.gallery.number.value = 1
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "cells"), ""))
    dock.gallery.save.click()
    qtbot.waitUntil(lambda: dock.running.message.text().startswith("Saved"), timeout=PATIENCE)
    with Picture.open(tmp_path / "cells.png") as picture:
        assert picture.width == 1200


def test_a_click_on_a_cell_of_the_gallery_chooses_it_and_goes_there(dock, run):
    run()
    dock.gallery.expand(animate=False)
    QApplication.processEvents()
    places = dock.gallery.picture._gallery.places
    number, (x0, y0, x1, y1) = next(reversed(places.items()))
    ratio = dock.gallery.picture.pixmap().devicePixelRatioF()
    middle = QPoint(round((x0 + x1) / 2 / ratio), round((y0 + y1) / 2 / ratio))
    QTest.mouseClick(dock.gallery.picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert dock.cell.words.text().startswith(f"Cell {number}: ")
    scene = dock.viewer.scene if hasattr(dock.viewer, "scene") else dock.viewer
    y, x = (axis.mean() * 0.1 for axis in np.nonzero(dock.viewer.layers["nuclei"].data == number))
    assert scene.camera.center[-2:] == pytest.approx((y, x), abs=0.1)
    QTest.mouseClick(dock.gallery.picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(1, 1))
    assert dock.cell.words.text().startswith(f"Cell {number}: ")


def test_fields_are_offered_to_tasks_of_fields_and_cells_to_others(alone, run_alone, field_file, explainer):
    assert alone.cells.visible
    assert not alone.whole.visible
    alone.form.choose_file(field_file)
    assert not alone.cells.visible
    assert alone.whole.visible
    assert alone.form.classes.native.itemText(0) == "predicted class"
    run_alone()
    _, cells, _, _ = explainer.asked[0]
    assert len(cells) == 1
    assert alone.cell.words.text().startswith("The field: benign.")
    assert len(alone.cell.bars.bars) == 4
    assert not alone.gallery.isVisible()


def test_that_it_is_no_diagnostic_device_is_said_once_beside_the_results(alone, run_alone):
    def said():
        return sum("not a diagnostic device" in each.text() for each in alone.findChildren(QLabel) if each.isVisible())

    assert said() == 0
    run_alone()
    assert said() == 1


def test_what_speaks_against_the_classes_is_said_above_the_heatmaps(alone, run_alone, explainer):
    run_alone()
    assert alone.doubts.isHidden()
    explainer.notes = ("Dark ground, as of fluorescence: choose other weights.",)
    run_alone()
    assert alone.doubts.isVisible()
    assert alone.doubts.text() == explainer.notes[0]


def test_heat_is_offered_as_an_image_by_no_dock(dock, run):
    run()
    assert [layer.name for layer in dock.image.choices] == ["smear"]
    for name, box in (("Detect cells", "images.images"), ("Classify cells", "image")):
        _, other = dock.viewer.window.add_plugin_dock_widget("napari-hemalens", name)
        for part in box.split("."):
            other = getattr(other, part)
        assert dock.viewer.layers[RESULT] not in other.choices


@pytest.mark.parametrize(("answer", "cells"), [(None, 0), (True, 4)])
def test_a_mask_is_parted_only_after_a_question(alone, run_alone, qtbot, monkeypatch, explainer, answer, cells):
    monkeypatch.setattr(attention, "ask_to_split", lambda _: answer)
    mask = (alone.viewer.layers["nuclei"].data > 0).astype(np.uint8)
    alone.cells.value = alone.viewer.add_labels(mask, name="mask", scale=(0.1, 0.1), units=("um", "um"))
    run_alone()
    qtbot.waitUntil(lambda: not alone.session.running, timeout=PATIENCE)
    assert [len(of) for _, of, _, _ in explainer.asked] == [cells] * bool(cells)


def test_what_cannot_be_done_is_said_in_the_dock(alone, run_alone):
    alone.cells.value = alone.viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
    run_alone()
    assert "Labels of 40 x 50 pixels do not fit an image of 400 x 600" in alone.running.message.text()
    alone.viewer.layers.clear()
    run_alone()
    assert alone.running.message.text() == "There is no image: open one first."
    assert alone.running.message.isVisible()


def test_heat_removed_by_a_person_is_shown_no_more(dock, run):
    run()
    dock.viewer.layers.remove(RESULT)
    assert not dock.results.isVisible()
    assert dock.viewer.layers["nuclei"].contour == 0


def test_a_dock_opened_again_finds_its_results(dock, run):
    run()
    click(dock, 7)
    dock.viewer.window.remove_dock_widget(dock)
    again = attention.AttentionWidget(dock.viewer)
    assert again.session is dock.session
    assert again.cell.words.text().startswith("Cell 7:")
    again.deleteLater()
    click(dock, 9)  # news reach no widget that is gone
    QApplication.processEvents()


def test_closing_during_a_run_leaves_no_thread_and_no_traceback(dock, qtbot, explainer):
    begin(dock, qtbot, explainer)
    dock.viewer.close()
    explainer.go.set()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    QApplication.processEvents()


def test_a_small_window_scrolls_and_cuts_nothing_off(dock, run, qtbot):
    dock.form.methods.tick(("layer-5", "layer-6", "grad-cam", "saliency"))
    run()
    click(dock, 9)
    window = dock.viewer.window._qt_window
    window.resize(1280, 800)
    dock.gallery.expand(animate=False)
    qtbot.waitUntil(dock.verticalScrollBar().isVisible, timeout=PATIENCE)
    assert window.height() == 800
    assert dock.widget().width() <= dock.viewport().width()
    for label in (dock.cell.picture, dock.gallery.picture):
        size = label.pixmap().deviceIndependentSize()
        qtbot.waitUntil(lambda x=label, s=size: x.width() >= s.width() and x.height() >= s.height(), timeout=PATIENCE)
    task_box = dock.form.options["task"].native
    room = task_box.width() - 32  # the arrow and its margins
    assert all(task_box.fontMetrics().horizontalAdvance(task_box.itemText(i)) <= room for i in range(task_box.count()))


def test_a_detector_offers_its_attention_and_one_without_is_refused(alone, attentive):
    titled = alone.form.options["task"].native
    assert "Detected cells" in [titled.itemText(i) for i in range(titled.count())]
    alone.form.choose_file(attentive.file)
    assert alone.form.options["task"].value == "detection"
    assert titles(alone) == ["Attention to the box"]
    assert alone.form.methods.chosen() == ("attention",)
    assert [alone.form.classes.native.itemData(i) for i in range(3)] == ["predicted", *attentive.classes[:2]]
    alone.form.choose_file(PACKED / "marrow-lite.json")
    assert "no attention of its own" in alone.running.message.text()
    assert alone.form.options["weights"].value == str(attentive.file)


def test_the_channel_of_planes_is_chosen_in_the_dock(alone, run_alone, explainer):
    assert not alone.channel.native.isVisible()
    planes = np.zeros((3, *SHAPE), np.uint16)
    alone.image.value = alone.viewer.add_image(planes, name="planes", scale=(1, 0.1, 0.1), units=("", "um", "um"))
    alone.channel.value = 1
    run_alone()
    assert explainer.asked[-1][2].channel == 1


@pytest.mark.parametrize("may", [True, False])
def test_nothing_is_saved_over_files_that_are_to_stay(alone, tmp_path, monkeypatch, may):
    saved = []
    monkeypatch.setattr(attention, "may_replace", lambda *_: may)
    monkeypatch.setattr(alone.session, "save_heatmaps", lambda *to: saved.append(to[0]))
    alone.blend.saved.emit(tmp_path)
    assert saved == ([tmp_path] if may else [])
