"""Classify cells in a real window: run, stop, look, judge with keys, filter, save."""

import csv
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel

from napari_hemalens import workflows
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.widgets import classify
from napari_hemalens.records.palette import colour_of
from napari_hemalens.workflows import cards

pytestmark = pytest.mark.window
SHAPE = (400, 600)
CELLS = (4, 7, 9, 70_000)
RESULT = "nuclei: micronucleus"
PATIENCE = 60_000  # ms: a busy machine without a graphics card


@pytest.fixture
def naming(classifier, outlines, monkeypatch):
    """What outlines and names the cells."""
    monkeypatch.setattr(workflows, "classify_steps", classifier)
    monkeypatch.setattr(workflows, "segment_steps", outlines)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    yield
    classifier.go.set()


@pytest.fixture
def dock(make_napari_viewer, npe2pm, naming, labels, card_file):
    """The widget in a window with one image and its nuclei, and weights for them."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1400, 900)
    place = {"scale": (0.1, 0.1), "units": ("um", "um")}
    viewer.add_image(np.full((*SHAPE, 3), 200, np.uint8), rgb=True, name="smear", **place)
    viewer.add_labels(labels, name="nuclei", **place)
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", "Classify cells")
        widget.viewer = viewer
        widget.form.choose_file(card_file)
        yield widget


@pytest.fixture
def alone(without_window, nuclei, naming, card_file):
    """The same without napari's window."""
    widget = without_window(classify.ClassifyWidget)
    widget.form.choose_file(card_file)
    return widget


def begin(dock, qtbot, classifier):
    """Press Run, and wait for the first batch of two."""
    classifier.go.clear()
    dock.running.run.click()
    qtbot.waitUntil(lambda: "batch 1 of 2" in dock.running.words.text(), timeout=PATIENCE)


def legend(dock):
    """Return what stands on screen: the words of each row, and the colour of its square."""
    table = dock.view.legend
    rows = []
    for row in range(table.rowCount()):
        corner = table.item(row, 0).icon().pixmap(15, 15).toImage().pixelColor(0, 0)
        rows.append((*(table.item(row, column).text() for column in range(3)), corner.name()))
    return rows


def shown(dock, number):
    """Return the colour on the canvas where a cell is, as (R, G, B)."""
    dock.viewer.reset_view()
    QApplication.processEvents()
    picture = dock.viewer.screenshot(canvas_only=True, flash=False)
    scene = dock.viewer.scene if hasattr(dock.viewer, "scene") else dock.viewer
    y, x = (axis.mean() * 0.1 for axis in np.nonzero(dock.viewer.layers["nuclei"].data == number))
    size = np.array(picture.shape[:2])
    zoom = scene.camera.zoom * size[0] / dock.viewer.window._qt_viewer.canvas.native.height()
    down, right = np.round((np.array([y, x]) - scene.camera.center[-2:]) * zoom + size / 2).astype(int)
    return picture[down, right, :3]


def through(name):
    """Return the colour of a class over the grey of the image."""
    return 0.45 * 200 + 0.55 * np.array([*bytes.fromhex(colour_of(name)[1:])])


def press(dock, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(dock.viewer.window._qt_viewer.canvas.native, key, modifier)


def test_a_run_shows_classes_in_colours_with_a_legend_and_figures(dock, run):
    assert not dock.results.isVisible()
    run()
    assert legend(dock) == [
        ("micronucleus", "4", "100.0", colour_of("micronucleus").lower()),
        ("none", "0", "0.0", colour_of("none").lower()),
    ]
    assert "Micronucleated nuclei per 1,000" in dock.view.figures.text()
    assert dock.results.isVisible()
    np.testing.assert_allclose(shown(dock, 7), through("micronucleus"), atol=4)
    assert not dock.viewer.layers["nuclei"].visible  # its colours would mix with those of the classes


def test_that_it_is_no_diagnostic_device_is_said_once_beside_the_results(alone, run_alone):
    def said():
        return sum(
            "not a diagnostic device" in label.text() for label in alone.findChildren(QLabel) if label.isVisible()
        )

    assert said() == 0
    run_alone()
    assert said() == 1


def test_the_features_table_agrees_with_the_file_row_by_row(dock, run, qtbot, tmp_path, monkeypatch):
    features_table = pytest.importorskip("napari_builtins._qt.features_table")
    run()
    dock.review.review.click()
    press(dock, Qt.Key.Key_2)
    press(dock, Qt.Key.Key_Escape)
    table = features_table.FeaturesTable(dock.viewer)
    dock.viewer.window.add_dock_widget(table, area="bottom", name="Features table")
    monkeypatch.setattr(classify, "ask_what_to_save", lambda *_: (tmp_path, ("csv",)))
    dock.review.save.click()
    qtbot.waitUntil(lambda: dock.running.message.text().startswith("Saved"), timeout=PATIENCE)

    model = table.table.model()
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    on_screen = [
        {title: model.data(model.index(row, column)) for column, title in enumerate(titles)}
        for row in range(model.rowCount())
    ]
    features = dock.viewer.layers[RESULT].features
    with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
        saved = list(csv.DictReader(file))
    assert len(on_screen) == len(features) == len(saved) == 4
    for seen, (_, kept), written in zip(on_screen, features.iterrows(), saved, strict=True):
        assert seen["index"] == kept["index"] == int(written["cell"])
        assert seen["class"] == kept["class"] == "micronucleus"
        assert seen["corrected"] == kept["corrected"]
        assert written["class"] == (seen["corrected"] or seen["class"])
        for column in ("p_micronucleus", "p_none", "entropy"):
            assert seen[column] == pytest.approx(kept[column])
            assert float(written[column]) == pytest.approx(kept[column], abs=1e-4)
    assert [bool(row["corrected"]) for row in saved] == [False, False, False, True]


@pytest.mark.parametrize("asked", [None, (Path("report.html"), ReportRecipe(language="de"))])
def test_the_report_button_asks_what_a_report_is_to_say(alone, run_alone, monkeypatch, asked):
    run_alone()
    printed, known = [], []
    monkeypatch.setattr(alone.session, "print_report", lambda *how: printed.append(how))
    monkeypatch.setattr(classify, "ask_for_report", lambda _, sample: known.append(sample) or asked)
    alone.review.report.click()
    assert (printed, known) == ([asked] if asked else [], [("", "")])


def test_stop_keeps_the_cells_that_have_a_class(alone, qtbot, classifier):
    begin(alone, qtbot, classifier)
    assert (alone.running.run.isEnabled(), alone.running.stop.isEnabled()) == (False, True)
    assert not alone.review.isEnabled()
    alone.running.stop.click()
    classifier.go.set()
    qtbot.waitUntil(alone.running.run.isEnabled, timeout=PATIENCE)
    assert alone.running.words.text() == "Stopped. What was found is kept."
    assert tuple(alone.viewer.layers[RESULT].features["index"]) == CELLS[:2]
    assert legend(alone)[0][1] == "2"


def test_cells_are_judged_with_keys_and_judgements_outlive_another_run(dock, run, monkeypatch):
    run()
    dock.form.options["pixel_size_um"].native.setFocus()  # where a person typed last: keys must not go there
    dock.review.review.click()
    assert dock.review.words.text().startswith("1 of 4: cell 70000, micronucleus (p 0.55)")
    press(dock, Qt.Key.Key_2)
    press(dock, Qt.Key.Key_Space)
    press(dock, Qt.Key.Key_2)
    press(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert dock.review.words.text().startswith("3 of 4: cell 7")
    press(dock, Qt.Key.Key_Escape)
    assert not dock.review.review.isChecked()
    reviewed = ["", "", "micronucleus", "none"]
    assert dock.viewer.layers[RESULT].features["corrected"].tolist() == reviewed
    assert [row[1] for row in legend(dock)] == ["3", "1"]
    assert dock.form.options["pixel_size_um"].value == pytest.approx(0.1)

    asked = []
    for answer, left in ((None, reviewed), (True, reviewed), (False, [""] * 4)):
        monkeypatch.setattr(classify, "ask_to_keep", lambda _, count, a=answer: asked.append(count) or a)
        run()
        assert dock.viewer.layers[RESULT].features["corrected"].tolist() == left
    assert asked == [2, 2, 2]


def test_a_class_or_the_uncertain_cells_are_shown_alone(dock, run):
    run()
    grey = (200, 200, 200)
    dock.filter.classes.value = "none"
    np.testing.assert_allclose(shown(dock, 7), grey, atol=4)
    dock.filter.classes.value = None
    dock.filter.slider.value = 0.9
    np.testing.assert_allclose(shown(dock, 7), grey, atol=4)
    np.testing.assert_allclose(shown(dock, 70_000), through("micronucleus"), atol=4)


@pytest.mark.parametrize(("answer", "cells"), [(None, 0), (True, 4), (False, 1)])
def test_a_mask_is_parted_only_after_a_question(alone, run_alone, qtbot, monkeypatch, classifier, answer, cells):
    monkeypatch.setattr(classify, "ask_to_split", lambda _: answer)
    viewer = alone.viewer
    mask = viewer.add_labels((viewer.layers["nuclei"].data > 0).astype(np.uint8), name="mask", scale=(0.1, 0.1))
    mask.units = ("um", "um")
    alone.cells.value = mask
    run_alone()
    qtbot.waitUntil(lambda: not alone.session.running, timeout=PATIENCE)
    assert len(classifier.asked) == (0 if answer is None else 1)
    names = [layer.name for layer in viewer.layers]
    assert ("mask: micronucleus" in names) == bool(cells)
    assert not cells or len(viewer.layers["mask: micronucleus"].features) == cells


def test_a_task_without_weights_is_said_in_a_sentence_and_cannot_be_run(alone, monkeypatch):
    monkeypatch.setattr(cards, "known_weights", lambda: ())
    alone.form.options["task"].value = "leukocyte"
    assert alone.lacking.text().startswith("There are no weights for the task Leukocyte type yet.")
    assert alone.lacking.isVisible()
    assert not alone.running.run.isEnabled()
    alone.form.options["task"].value = "micronucleus"
    assert not alone.lacking.isVisible()
    assert alone.running.run.isEnabled()


def test_outlines_made_here_are_chosen_and_classified(alone, run_alone, qtbot):
    alone.segmentation.button.click()
    qtbot.waitUntil(lambda: not alone.session.running, timeout=PATIENCE)
    assert alone.cells.current_choice == "smear outlines"
    run_alone()
    assert len(alone.viewer.layers["smear outlines: micronucleus"].features) == 1


def test_what_cannot_be_done_is_said_in_the_dock(alone, run_alone):
    other = alone.viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
    alone.cells.value = other
    run_alone()
    assert "Labels of 40 x 50 pixels do not fit an image of 400 x 600" in alone.running.message.text()
    assert alone.running.message.isVisible()


def test_a_result_removed_by_a_person_is_counted_no_more(dock, run):
    run()
    dock.viewer.layers.remove(RESULT)
    assert not dock.results.isVisible()
    assert dock.viewer.layers["nuclei"].visible


def test_closing_during_a_run_leaves_no_thread_and_no_traceback(dock, qtbot, classifier):
    begin(dock, qtbot, classifier)
    dock.viewer.close()
    classifier.go.set()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    QApplication.processEvents()


def test_a_small_window_scrolls_and_cuts_nothing_off(dock, run, qtbot):
    run()
    window = dock.viewer.window._qt_window
    window.resize(1280, 800)
    dock.segmentation.expand(animate=False)
    dock.review.review.click()
    qtbot.waitUntil(dock.verticalScrollBar().isVisible, timeout=PATIENCE)
    assert window.height() == 800
    assert dock.widget().width() <= dock.viewport().width()
    texts = (dock.view.figures, dock.view.notes, dock.view.use, dock.review.words, dock.review.hint)
    qtbot.waitUntil(lambda: all(t.height() >= t.heightForWidth(t.width()) for t in texts), timeout=PATIENCE)
    rows = dock.view.legend
    assert rows.viewport().height() >= sum(rows.rowHeight(row) for row in range(rows.rowCount()))
    task = dock.form.options["task"].native
    room = task.width() - 32  # the arrow and its margins
    assert all(task.fontMetrics().horizontalAdvance(task.itemText(i)) <= room for i in range(task.count()))


def describe(dock, concentration):
    """Type a concentration, and press Return."""
    QTest.keyClicks(dock.report.concentration.native, concentration)
    QTest.keyClick(dock.report.concentration.native, Qt.Key.Key_Return)


def test_the_report_makes_cells_of_nuclei_in_pairs_that_a_review_hides(dock, run, qtbot):
    run()
    box = dock.report.by.native
    assert not dock.report.isExpanded()
    dock.report.expand(animate=False)
    room = box.width() - 32  # the arrow and its margins
    assert all(box.fontMetrics().horizontalAdvance(box.itemText(i)) <= room for i in range(box.count()))
    box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "Binucleated cells" in dock.view.figures.text(), timeout=PATIENCE)
    pairs = dock.viewer.layers["nuclei cells (paired)"]
    assert pairs.visible
    dock.review.review.click()
    assert not pairs.visible
    press(dock, Qt.Key.Key_Escape)
    assert pairs.visible
    # As a person sees it before removing it: napari drops what is still to be drawn when a layer goes (a colour table
    # replaced since the last frame is deleted outside of OpenGL's context, which ends the queue).
    QApplication.processEvents()
    dock.viewer.layers.remove(pairs)
    assert box.currentIndex() == 0
    assert "Binucleated cells" not in dock.view.figures.text()


def test_images_keep_their_concentration_are_compared_and_counted_together(alone, run_alone):
    viewer, report, place = alone.viewer, alone.report, {"scale": (0.1, 0.1), "units": ("um", "um")}
    run_alone()
    report.expand(animate=False)
    describe(alone, "0")
    assert viewer.layers[RESULT].metadata["hemalens"]["concentration"] == "0"
    assert not report.first.visible  # one image is compared with nothing
    assert not alone.counted.isVisible()
    alone.image.value = viewer.add_image(np.full((*SHAPE, 3), 200, np.uint8), rgb=True, name="smear 2", **place)
    alone.cells.value = viewer.add_labels(viewer.layers["nuclei"].data, name="nuclei 2", **place)
    run_alone()
    assert not report.concentration.value
    describe(alone, "0.1")
    assert report.first.choices == (None, "0", "0.1")
    report.first.value = "0"
    report.second.value = "0.1"
    assert "4 of 4 in 0, 4 of 4 in 0.1" in report.sentence.text()
    assert report.sentence.isVisible()
    alone.counted.box.native.setCurrentIndex(0)
    assert report.concentration.value == "0"
    alone.counted.box.native.setCurrentIndex(2)
    assert alone.counted.box.current_choice == "All images of this task"
    assert legend(alone)[0][1] == "8"
    assert not report.concentration.enabled


def test_the_channel_of_planes_is_chosen_in_the_dock(alone, run_alone, classifier):
    assert not alone.channel.native.isVisible()  # the weights are of stained cells, and the image is in colour
    planes = np.zeros((3, *SHAPE), np.uint16)
    planes[2] = 500
    alone.image.value = alone.viewer.add_image(planes, name="planes", scale=(1, 0.1, 0.1), units=("", "um", "um"))
    assert alone.channel.native.isVisible()
    alone.channel.value = 2
    run_alone()
    slide, _, recipe = classifier.asked[-1]
    assert recipe.channel == 2
    np.testing.assert_array_equal(slide.levels[0][0:4, 0:4], np.full((4, 4, 1), 500))
    alone.image.value = alone.viewer.layers["smear"]
    assert (alone.channel.value, alone.channel.native.isVisible()) == (None, False)


def test_a_project_keeps_no_pixel_size_but_a_typed_one(alone, tmp_path):
    keeper, size = alone.session.keeper, alone.form.options["pixel_size_um"]
    assert (size.value, keeper.options.pixel_size_um) == (pytest.approx(0.1), None)
    assert alone.project.open(tmp_path / "project")
    alone.project.session.leave()
    size.native.setText("0.2")
    assert keeper.options.pixel_size_um == 0.2
    assert alone.project.open(tmp_path / "project")
    assert (size.value, keeper.options.pixel_size_um) == (pytest.approx(0.1), None)


@pytest.mark.parametrize("may", [True, False])
def test_nothing_is_saved_over_files_that_are_to_stay(alone, tmp_path, monkeypatch, may):
    saved = []
    monkeypatch.setattr(classify, "may_replace", lambda *_: may)
    monkeypatch.setattr(alone.session, "save", lambda *to: saved.append(to[0]))
    monkeypatch.setattr(classify, "ask_what_to_save", lambda *_: (tmp_path, ("csv",)))
    alone.review.save.click()
    assert saved == ([tmp_path] if may else [])
