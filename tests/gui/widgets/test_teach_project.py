"""A project and its classes: what is changed in the table is told."""

import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from napari_hemalens.gui.widgets.project_choice import NONE
from napari_hemalens.gui.widgets.teach_project import ProjectRows
from napari_hemalens.workflows.teaching import open_project


@pytest.fixture
def project(tmp_path):
    with open_project(tmp_path / "p", classes=["blast", "hairy cell"]) as opened:
        yield opened


@pytest.fixture
def rows(qtbot, viewer):
    made = ProjectRows(viewer)
    made.show_project(None)
    qtbot.addWidget(made.native)
    return made


def test_without_a_project_nothing_can_be_changed(rows):
    assert rows.choice.box.value == NONE
    assert not any(widget.isEnabled() for widget in (rows.table, rows.new, rows.plus, rows.minus))


def test_a_project_shows_its_classes(rows, project):
    rows.show_project(project)
    table = rows.table
    names = [table.item(row, 1).text() for row in range(table.rowCount())]
    assert names == ["blast", "hairy cell"]
    assert [table.item(row, 2).text() for row in range(2)] == [each.key for each in project.classes]
    assert rows.minus.isEnabled()
    table.setCurrentCell(1, 1)
    assert table.chosen == "hairy cell"


def test_a_project_that_is_looked_at_cannot_be_changed(rows, project):
    with open_project(project.folder, read_only=True) as looked_at:
        rows.show_project(looked_at)
        assert not rows.plus.isEnabled()


def test_changes_in_the_table_are_told_with_the_class(rows, project, monkeypatch):
    rows.show_project(project)
    told = []
    for signal in (rows.table.renamed, rows.table.keyed, rows.table.coloured):
        signal.connect(lambda *news: told.append(news))
    rows.table.item(0, 1).setText(" lymphoblast ")
    rows.table.item(1, 2).setText("H")
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#102030"))
    rows.table.cellDoubleClicked.emit(1, 0)
    rows.table.cellDoubleClicked.emit(1, 1)  # its name: Qt's own editor
    assert told == [("blast", "lymphoblast"), ("hairy cell", "H"), ("hairy cell", "#102030")]


def test_a_colour_that_is_not_chosen_changes_nothing(rows, project, monkeypatch):
    rows.show_project(project)
    told = []
    rows.table.coloured.connect(lambda *news: told.append(news))
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor())
    rows.table.cellDoubleClicked.emit(0, 0)
    assert told == []
