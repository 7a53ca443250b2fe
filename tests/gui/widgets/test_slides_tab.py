"""The table of slides in the window: typed into, opened by a double click."""

from pathlib import Path

import pytest
from qtpy.QtCore import QItemSelectionModel
from qtpy.QtWidgets import QFileDialog, QStyleOptionViewItem

from napari_hemalens.gui.widgets.slides_tab import SlidesTab
from napari_hemalens.workflows.project_slides import read_slides


@pytest.fixture
def tab(qtbot, slides):
    made = SlidesTab(slides)
    qtbot.addWidget(made)
    return made


def select(tab, column, *rows):
    selection = tab.table.selectionModel()
    selection.clear()
    for row in rows:
        selection.select(tab.model.index(row, column), QItemSelectionModel.SelectionFlag.Select)


def test_what_is_typed_goes_into_all_selected_cells_of_the_column(tab, study):
    select(tab, 3, 0, 1)
    tab.model.setData(tab.model.index(1, 3), "MGG")
    assert [slide.stain for slide in read_slides(study)][:3] == ["MGG", "MGG", ""]
    assert tab.selected == [0, 1]
    tab.model.setData(tab.model.index(2, 3), "Giemsa")  # not among the selected
    assert [slide.stain for slide in read_slides(study)][:3] == ["MGG", "MGG", "Giemsa"]


def test_the_text_that_stands_there_is_typed_for_others_and_not_by_looking(tab, study, qtbot):
    tab.model.setData(tab.model.index(0, 3), "MGG")
    option, delegate, index = QStyleOptionViewItem(), tab.table.itemDelegate(), tab.model.index(0, 3)
    select(tab, 3, 0, 1)
    editor = delegate.createEditor(tab.table.viewport(), option, index)
    delegate.setEditorData(editor, index)
    delegate.setModelData(editor, tab.model, index)
    assert [slide.stain for slide in read_slides(study)][:2] == ["MGG", ""]
    editor.selectAll()
    qtbot.keyClicks(editor, "MGG")
    delegate.setModelData(editor, tab.model, index)
    assert [slide.stain for slide in read_slides(study)][:2] == ["MGG", "MGG"]


def test_a_double_click_on_a_slide_opens_it_and_one_on_a_text_does_not(tab, viewer):
    tab.table.doubleClicked.emit(tab.model.index(0, 1))
    assert len(viewer.layers) == 1
    tab.table.doubleClicked.emit(tab.model.index(0, 0))
    assert "c0.png" in viewer.layers
    select(tab, 0, 3)
    tab.open.click()
    assert "p0.png" in viewer.layers


def test_buttons_add_and_remove_slides(tab, slides, study, tmp_path, monkeypatch):
    assert not tab.remove.isEnabled()
    select(tab, 0, 0, 6)
    tab.remove.click()
    assert len(slides.slides) == 5
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(study / "c0.png")], ""))
    tab.add.click()
    assert slides.slides.slides[-1].path == "c0.png"
    table = tmp_path / "who.csv"
    table.write_text("path,sample\nstudy/c0.png,blood\n", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(table), ""))
    tab.take.click()
    assert slides.slides.slides[-1].sample == "blood"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(Path(study)))
    tab.add_folder.click()
    assert len(slides.slides) == 7


def test_without_a_project_it_says_where_to_open_one(tab, slides):
    assert "Type into selected cells" in tab.words.text()
    slides.projects.leave()
    assert "No project is open" in tab.words.text()
    assert not tab.add.isEnabled()


def test_a_table_that_cannot_be_read_is_not_called_empty(tab, slides, study):
    (study / "slides.csv").write_text("nonsense\n1\n")
    slides.reload()
    assert tab.words.text() == ""
    slides.projects.leave()
    assert tab.words.text().startswith("No project is open")
