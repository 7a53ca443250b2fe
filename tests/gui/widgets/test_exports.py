"""What Save asks, and what it tells."""

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.gui.widgets import exports
from napari_hemalens.gui.widgets.exports import ExportBar

pytestmark = pytest.mark.window


@pytest.mark.parametrize("asked", [None, (Path("/data/out"), ("csv", "coco"))])
def test_what_a_person_asks_for_is_saved(qtbot, monkeypatch, asked):
    bar = ExportBar()
    qtbot.addWidget(bar)
    told = []
    bar.saved.connect(lambda *said: told.append(said))
    monkeypatch.setattr(exports, "ask_what_to_save", lambda *_: asked)
    bar.save.click()
    assert told == ([asked] if asked else [])


@pytest.mark.parametrize("folder", ["", "/somewhere/new"])
def test_a_training_set_asks_for_a_folder(qtbot, monkeypatch, folder):
    bar = ExportBar()
    qtbot.addWidget(bar)
    told = []
    bar.collected.connect(told.append)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: folder)
    bar.collect.click()
    assert told == ([Path(folder)] if folder else [])
