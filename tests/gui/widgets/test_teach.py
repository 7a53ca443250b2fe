"""The dock Teach: a project, cells, a key a cell, and the gallery below the canvas."""

import imageio.v3 as iio
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QFileDialog

from napari_hemalens.active_learning.stored_pool import store
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.cell_layers import outlines_layer
from napari_hemalens.gui.teach.session import TeachSession
from napari_hemalens.gui.widgets import project_choice, teach
from napari_hemalens.gui.widgets.project_choice import ASK

IMAGES = "folder"


@pytest.fixture
def at_hand(runner, looking, tuning, monkeypatch):
    """No threads, no network, no question for the devices of this machine."""
    monkeypatch.setattr(teach, "QtRunner", lambda _: runner)
    monkeypatch.setattr(project_choice, "QtRunner", lambda _: runner)
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cuda", "GPU"), ("cpu", "CPU"))))
    begin = TeachSession.__init__
    monkeypatch.setattr(TeachSession, "__init__", lambda self, viewer, runs: begin(self, viewer, runs, looking, tuning))


@pytest.fixture
def dock(qtbot, viewer, many_boxes, at_hand, runner, tmp_path, monkeypatch):
    """The dock with an open project of two classes; the cells are not looked at yet."""
    made = teach.TeachWidget(viewer)
    qtbot.addWidget(made)
    runner.run()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "p"))
    made.project.choice.box.value = ASK
    for name in ("dark", "bright"):
        made.project.new.setText(name)
        made.project.plus.click()
    return made


@pytest.fixture
def started(dock, runner):
    """The same, the cells looked at."""
    dock.running.run.click()
    runner.run()
    return dock


def test_without_a_project_it_says_what_to_do(qtbot, viewer, many_boxes, at_hand, tmp_path):
    made = teach.TeachWidget(viewer)
    qtbot.addWidget(made)
    made.running.run.click()
    assert made.running.message.text().startswith("Choose a folder under 'Project' first")
    assert made.loop.isHidden()
    assert made.project.choice.open(tmp_path / "p")
    assert made.running.message.isHidden()


def test_classes_are_added_changed_and_removed(dock):
    table = dock.project.table
    table.item(0, 1).setText("blast")
    table.item(1, 2).setText("X")
    assert [(c.name, c.key) for c in dock.session.project.classes] == [("blast", "1"), ("bright", "X")]
    dock.project.new.setText("  ")
    dock.project.plus.click()
    table.setCurrentCell(0, 1)
    dock.project.minus.click()
    assert dock.session.project.classes.names == ("bright",)


def test_cells_that_are_seen_come_before_hidden_ones_until_one_chooses(dock, viewer, many_boxes, labels):
    many_boxes.visible = False
    nuclei = viewer.add_labels(labels, name="nuclei")
    dock.reset_choices()
    assert dock.cells.value is nuclei
    dock.cells.value = many_boxes
    dock.cells.native.activated.emit(0)  # as a person does
    dock.reset_choices()
    assert dock.cells.value is many_boxes


def test_cells_of_another_image_are_not_taken_for_those_of_this_one(dock, viewer, many_boxes, labels):
    dock.image.native.activated.emit(0)  # chosen by a person
    other = viewer.add_image(np.zeros((400, 600)), name="other")
    viewer.add_layer(outlines_layer(labels, other, ()))
    dock.reset_choices()
    assert (dock.image.value.name, dock.cells.value) == ("smear", many_boxes)
    dock.image.value = other
    assert dock.cells.value is viewer.layers["other outlines"]


def test_a_class_is_added_beside_the_others_while_cells_are_named(started):
    started.cell.another.setText(" smudge ")
    QTest.keyClick(started.cell.another, Qt.Key.Key_Return)
    assert started.session.project.classes.names == ("dark", "bright", "smudge")
    assert started.cell.another.text() == ""
    started.cell.added.emit("  ")
    assert len(started.cell.buttons) == 3


def test_what_is_no_source_is_said(dock, viewer, monkeypatch):
    dock.kind.value = "stack"
    dock.running.run.click()
    assert "'smear' is no stack of crops" in dock.running.message.text()
    dock.kind.value = "layer"
    viewer.layers.clear()
    dock.reset_choices()
    dock.running.run.click()
    assert "There is no image" in dock.running.message.text()
    dock.kind.value = IMAGES
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    dock.running.run.click()
    assert not dock.session.running


def test_only_the_rows_of_the_chosen_kind_are_shown(dock):
    rows = {
        name: next(row for row in dock.sources if field in row)
        for name, field in (("image", dock.image), ("cells", dock.cells), ("size", dock.size))
    }
    shown = {}
    for kind in ("layer", "stack", IMAGES):
        dock.kind.value = kind
        shown[kind] = [name for name, row in rows.items() if not row.native.isHidden()]
    assert shown == {"layer": ["image", "cells", "size"], "stack": ["image"], IMAGES: []}


def test_keys_and_buttons_name_one_cell_after_the_other(started, runner):
    cell, pool = started.cell, started.session.taught
    assert not started.loop.isHidden()
    first = pool.current
    QTest.keyClick(cell, Qt.Key.Key_1)
    assert pool.pool.labels[first] == 0
    second = pool.current
    cell.buttons["bright"].click()
    assert pool.pool.labels[second] == 1
    assert started.counted.text() == "2 of 20 cells labelled."
    assert cell.buttons["dark"].text() == "1  dark"
    QTest.keyClick(cell, Qt.Key.Key_Backspace)
    assert pool.current == second
    assert cell.controls["redo"].isEnabled()
    cell.controls["redo"].click()
    QTest.keyClick(cell, Qt.Key.Key_Minus)
    assert started.counted.text() == "2 of 20 cells labelled, 1 not sure."
    assert "random cell" in started.accuracy.text()


def test_when_all_cells_are_named_it_says_so(started, runner):
    while started.session.can_say:
        started.session.press("12"[started.session.taught.current % 2])
        runner.run()
    assert started.cell.words.text() == "All cells have been looked at."
    assert "on 3 random cells" in started.accuracy.text()
    assert started.curve.points[-1].tested == 3


def test_a_folder_of_images_is_taught(dock, runner, tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    for k in range(3):
        iio.imwrite(tmp_path / "cells" / f"{k}.png", np.full((20, 24, 3), 50 * k, np.uint8))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "cells"))
    dock.kind.value = IMAGES
    dock.running.run.click()
    runner.run()
    assert len(dock.session.taught) == 3
    assert [*dock.session.layers] == []


def test_a_dock_that_is_opened_again_finds_what_goes_on(started, viewer, qtbot):
    again = teach.TeachWidget(viewer)
    qtbot.addWidget(again)
    assert again.session is started.session
    assert not again.loop.isHidden()
    assert again.project.table.rowCount() == 2


def test_devices_are_offered_once_they_are_known(dock):
    assert dock.form.options["device"].choices == ("auto", "cpu")


def test_a_project_that_is_chosen_goes_on_at_once(started, runner, looking, tmp_path, monkeypatch):
    started.session.press("1")
    store(started.session.project, looking.asked[-1][1])
    for folder in ("other", "p"):
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, name=folder: str(tmp_path / name))
        started.project.choice.box.value = ASK
        runner.run()
        assert started.loop.isHidden() == (folder == "other")
    assert started.counted.text() == "1 of 20 cells labelled."


@pytest.mark.window
def test_the_gallery_opens_below_the_canvas_and_names_several(
    make_napari_viewer, runner, at_hand, many_boxes, viewer, qtbot, tmp_path
):
    window = make_napari_viewer(show=True)
    for layer in [*viewer.layers]:
        viewer.layers.remove(layer)
        window.add_layer(layer)
    made = teach.TeachWidget(window)
    window.window.add_dock_widget(made, name="Teach")
    made.session.open_project(tmp_path / "p")
    for name in ("dark", "bright"):
        made.session.change_classes(lambda project, name=name: project.add_class(name))
    made.running.run.click()
    runner.run()
    made.show_gallery.click()
    assert isinstance(made.gallery.parent(), QDockWidget)
    assert len(made.gallery.gallery.order) == 20
    made.gallery.gallery.select_many([2, 4])
    QTest.keyClick(made.gallery.grid, Qt.Key.Key_1)
    runner.run()
    assert made.session.taught.pool.labels[[2, 4]].tolist() == [0, 0]
    assert made.gallery.gallery.cells.given[[2, 4]].all()
    made.gallery.opened.emit(7)
    assert made.session.taught.current == 7
    window.window.remove_dock_widget(made.gallery.parent())
    made.show_gallery.click()  # closed, it can be opened again
    assert made.gallery.isVisible()
    made.session.take_project(None)
    assert len(made.gallery.gallery.order) == 0
    assert made.setup.isExpanded()


def test_contradicted_labels_are_looked_at_again(started, runner):
    session = started.session
    plain = [row for row in range(20) if row not in session.taught.pool.random.tolist()]
    for row in plain:
        session.label_rows([row], ("dark", "bright")[row % 2 if row > plain[0] else 1 - row % 2])
    runner.run()
    started.look_again.click()
    runner.run()
    assert session.taught.current == plain[0]
    assert started.look_again.text() == "Second look (1 left)"
    assert started.running.message.text() == "1 label is contradicted: give each cell its class; Skip keeps the label."
    started.cell.controls["skip"].click()
    assert started.look_again.text() == "Second look"


def test_the_network_is_trained_from_the_dock(started, runner, tuning):
    started.training.running.run.click()
    runner.run()
    assert tuning.asked[0][0] is started.session.taught
    assert "better" in started.training.said.text()
    assert "The network is trained" in started.running.message.text()  # where one looks who names cells meanwhile
