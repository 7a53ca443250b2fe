"""A file is replaced only if a person says so."""

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from napari_hemalens.gui.widgets.replacing import ask_for_file, may_replace

pytestmark = pytest.mark.window


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def answer(name, asked):
    """Press a button of the question that comes next, and take note of what it asks."""

    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        named = [b for b in box.buttons() if b.text().replace("&", "") == name]
        (named or [box.defaultButton()])[0].click()

    QTimer.singleShot(0, press)


def test_nothing_is_asked_where_no_file_is_there(parent, tmp_path):
    assert may_replace(parent, [tmp_path / "cells.csv", tmp_path / "run.json"])


@pytest.mark.parametrize(("button", "may"), [("Replace", True), ("Cancel", False), ("", False)])
def test_files_that_are_there_are_named_and_stay_by_default(parent, tmp_path, button, may):
    asked = []
    (tmp_path / "run.json").touch()
    answer(button, asked)
    assert may_replace(parent, [tmp_path / "cells.csv", tmp_path / "run.json"]) is may
    assert asked == [f"run.json is in {tmp_path} already. Replace it?"]


def test_of_many_files_some_are_named_and_all_counted(parent, tmp_path):
    files, asked = [tmp_path / f"{name}.tif" for name in "abcdefg"], []
    for file in files:
        file.touch()
    answer("Replace", asked)
    assert may_replace(parent, files)
    assert asked == [f"a.tif, b.tif, c.tif, d.tif, e.tif and 2 more are in {tmp_path} already. Replace them?"]


def test_a_name_that_gets_a_suffix_is_looked_for_with_it(parent, tmp_path, monkeypatch):
    typed, asked = {"": str(tmp_path / "report")}, []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (typed[""], ""))
    kinds = "Web page (*.html);;PDF (*.pdf)"
    assert ask_for_file(parent, "Report", tmp_path / "report.html", kinds) == tmp_path / "report.html"
    (tmp_path / "report.html").touch()
    answer("Cancel", asked)
    assert ask_for_file(parent, "Report", tmp_path / "report.html", kinds) is None
    assert len(asked) == 1
    typed[""] = str(tmp_path / "report.pdf")  # the dialog itself has asked
    assert ask_for_file(parent, "Report", tmp_path / "report.html", kinds) == tmp_path / "report.pdf"
    typed[""] = ""
    assert ask_for_file(parent, "Report", tmp_path / "report.html", kinds) is None
