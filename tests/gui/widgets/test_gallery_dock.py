"""The gallery of a dock's results opens below the canvas and follows them; what is pressed there is said of them."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_hemalens.gui.classify.gallery import ClassifiedGallery
from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.gallery import GallerySession
from napari_hemalens.gui.widgets.gallery_dock import ResultsGallery, gallery_button, show_below


@pytest.fixture
def gallery(qtbot, viewer, analysed, runner):
    dock = QWidget()
    qtbot.addWidget(dock)
    session = GallerySession(DetectedGallery(analysed.results), runner)
    made = ResultsGallery(viewer, session, "Detected cells by class", dock)
    made.resize(700, 300)
    dock.show()
    made.show()
    yield made
    dock.close()  # it lives as long


def classes_in(gallery):
    return [gallery.gallery.cells.names[k] for k in gallery.gallery.cells.classes]


def test_a_key_names_space_confirms_and_ctrl_z_takes_back(gallery, analysed):
    grid, reviewed = gallery.grid, lambda: analysed.results.fields[0].cells
    gallery.gallery.select_many([1, 2])
    QTest.keyClick(grid, Qt.Key.Key_1)
    assert [classes_in(gallery)[cell] for cell in (1, 2)] == ["blast", "blast"]
    assert gallery.gallery.selected == (1, 2)
    QTest.keyClick(grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert reviewed().n_corrections == 0
    QTest.keyClick(grid, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert reviewed().n_corrections == 2
    gallery.undo.click()
    gallery.gallery.select_many([0])
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert reviewed().kinds[gallery.gallery.cells.rows[0]] == "accepted"
    assert gallery.undo.isEnabled()
    assert not gallery.redo.isEnabled()


def test_pictures_are_drawn_once_they_are_read(gallery, qtbot, runner):
    qtbot.waitUntil(lambda: bool(runner.jobs))  # Qt has drawn, and asked for them
    assert gallery.grid.delegate.pixmaps.get(0) is None
    runner.run()
    assert gallery.grid.delegate.pixmaps.get(0) is not None


def test_other_cells_keep_the_selection_and_are_counted(gallery, analysed):
    gallery.gallery.select_many([3])
    chosen = gallery.gallery.cells.rows[3]
    analysed.results.choose_score(0.1)
    assert len(gallery.gallery.order) == 12
    assert [gallery.gallery.cells.rows[cell] for cell in gallery.gallery.selected] == [chosen]
    assert gallery.said.text().startswith("12 cells, 1 selected")


def test_during_a_run_it_says_why_nothing_can_be_said(gallery, analysed):
    analysed.results.lock(True)
    assert "A run goes on" in gallery.said.text()
    gallery.gallery.select_many([0])
    QTest.keyClick(gallery.grid, Qt.Key.Key_1)
    assert analysed.results.fields[0].cells.n_corrections == 0


def test_a_hidden_gallery_follows_when_it_is_shown_again(gallery, analysed):
    gallery.hide()
    analysed.results.choose_score(0.1)
    assert len(gallery.gallery.order) == 6
    gallery.show()
    assert len(gallery.gallery.order) == 12


def test_unsure_cells_can_be_shown_alone(qtbot, viewer, named_session, runner):
    session = GallerySession(DetectedGallery(named_session.results), runner)
    parent = QWidget()
    qtbot.addWidget(parent)
    made = ResultsGallery(viewer, session, "cells", parent)
    parent.show()
    made.show()
    made.whose.value = "unsure"
    assert len(made.gallery.order) == 2
    made.gallery.select_many(made.gallery.order)
    QTest.keyClick(made.grid, Qt.Key.Key_1)
    assert made.whose.value == "all"  # none is left
    assert len(made.gallery.order) == len(made.gallery.cells)


@pytest.mark.window
def test_galleries_share_the_place_below_the_canvas(make_napari_viewer, analysed, classified, runner, qtbot):
    window = make_napari_viewer(show=True)
    sources = {"Detected": DetectedGallery(analysed.results), "Classified": ClassifiedGallery(classified.results)}
    galleries = [ResultsGallery(window, GallerySession(source, runner), name, None) for name, source in sources.items()]
    for each in galleries:
        each.open()
    first, second = (each.parent() for each in galleries)
    assert isinstance(first, QDockWidget)
    assert window.window._qt_window.tabifiedDockWidgets(first) == [second]
    qtbot.waitUntil(lambda: galleries[1].isVisible() and not galleries[0].visibleRegion().boundingRect().height())
    window.window.remove_dock_widget(second)
    show_below(window, galleries[1], "Classified")  # closed, it can be opened again
    assert len(galleries[1].gallery.order) == 4


def test_a_click_on_the_button_leaves_the_keyboard_to_the_canvas(qtbot):
    made = gallery_button()
    qtbot.addWidget(made)
    assert made.focusPolicy() == Qt.FocusPolicy.TabFocus
