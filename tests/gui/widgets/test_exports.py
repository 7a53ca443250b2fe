"""What Save asks, and what it tells."""

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_hemalens.formats import FORMATS
from napari_hemalens.gui.widgets.exports import ExportBar, SaveDialog

pytestmark = pytest.mark.window


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def test_every_format_can_be_saved(parent):
    dialog = SaveDialog(parent)
    for box in dialog.boxes.values():
        box.setChecked(True)
    assert set(dialog.formats()) == set(FORMATS)


def test_saving_asks_for_formats_and_a_folder(qtbot, monkeypatch):
    bar = ExportBar()
    qtbot.addWidget(bar)
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/data/out")
    with qtbot.waitSignal(bar.saved) as saved:
        bar.save.click()
    assert saved.args == [Path("/data/out"), ("csv", "coco")]


def test_no_folder_is_nothing_saved(qtbot, monkeypatch):
    bar = ExportBar()
    qtbot.addWidget(bar)
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    with qtbot.assertNotEmitted(bar.saved):
        bar.save.click()


@pytest.mark.parametrize("folder", ["", "/somewhere/new"])
def test_a_training_set_asks_for_a_folder(qtbot, monkeypatch, folder):
    bar = ExportBar()
    qtbot.addWidget(bar)
    told = []
    bar.collected.connect(told.append)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: folder)
    bar.collect.click()
    assert told == ([Path(folder)] if folder else [])
