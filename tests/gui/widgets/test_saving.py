"""Save asks in which formats, and where."""

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_hemalens import extras
from napari_hemalens.formats import FORMATS
from napari_hemalens.gui.widgets.saving import CLASSIFIED, DETECTED, SaveDialog, ask_what_to_save

pytestmark = pytest.mark.window


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize(
    ("offered", "formats"),
    [(DETECTED, {*FORMATS, "ome-zarr"}), (CLASSIFIED, {"csv", "parquet", "h5ad", "ome-zarr"})],
)
def test_every_format_can_be_saved(parent, offered, formats):
    dialog = SaveDialog(parent, offered)
    assert dialog.formats() == offered.ticked
    for box in dialog.boxes.values():
        box.setChecked(True)
    assert set(dialog.formats()) == formats
    assert not dialog.missing.isVisibleTo(dialog)


def test_what_reports_read_cannot_be_left_out(parent):
    box = SaveDialog(parent, CLASSIFIED).boxes["csv"]
    assert (box.isChecked(), box.isEnabled()) == (True, False)


def test_formats_of_missing_packages_are_grey_with_one_sentence(parent, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    dialog = SaveDialog(parent, DETECTED)
    grey = {name for name, box in dialog.boxes.items() if not box.isEnabled()}
    assert grey == {"parquet", "h5ad", "ome-zarr"}
    assert dialog.missing.text().endswith("pip install 'napari-hemalens[exchange]'.")
    assert dialog.missing.isVisibleTo(dialog)


@pytest.mark.parametrize(("folder", "asked"), [("/data/out", (Path("/data/out"), ("csv", "coco"))), ("", None)])
def test_formats_and_a_folder_are_asked_for(parent, monkeypatch, folder, asked):
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: folder)
    assert ask_what_to_save(parent, DETECTED) == asked


def test_cancel_asks_for_no_folder(parent, monkeypatch):
    monkeypatch.setattr(SaveDialog, "exec", lambda _: SaveDialog.DialogCode.Rejected)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: pytest.fail("asked"))
    assert ask_what_to_save(parent, DETECTED) is None
