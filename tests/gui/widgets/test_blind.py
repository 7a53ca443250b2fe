"""The window of a blind reading takes keys, and hides what tells classes while it is open."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QInputDialog, QMessageBox, QPushButton, QWidget

from napari_hemalens.gui.blind import BlindSession
from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.widgets.blind import BlindDialog, read_blind

pytestmark = pytest.mark.window


@pytest.fixture
def blind(analysed, runner):
    return BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: None)


def test_keys_name_pass_over_and_undo_and_the_end_is_the_agreement(blind, qtbot):
    blind.look()
    blind.begin()
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = BlindDialog(blind, parent)
    for key in (Qt.Key.Key_8, Qt.Key.Key_Space, Qt.Key.Key_U, Qt.Key.Key_1, Qt.Key.Key_N):
        qtbot.keyClick(dialog.cell, key)
    assert blind.reading.said == ["lymphocyte", "blast", ""]
    assert not dialog.words.text()
    dialog.cell.buttons["blast"].click()
    qtbot.keyClick(dialog.cell, Qt.Key.Key_1)
    assert "Ben" in dialog.words.text() or "network" in dialog.words.text()


def test_layers_and_results_are_hidden_while_it_is_open(blind, viewer, qtbot, monkeypatch):
    viewer.add_labels(np.ones((9, 9), dtype=np.uint8), name="classes", metadata={MARK: {}})
    viewer.add_image(np.ones((9, 9)), name="heatmap", metadata={MARK: {}})
    results, seen = QPushButton("lymphocytes: 3"), []
    qtbot.addWidget(results)
    results.show()
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (3, True))
    monkeypatch.setattr(
        BlindDialog, "exec", lambda _: seen.append(({x.name for x in viewer.layers if x.visible}, results.isVisible()))
    )
    read_blind(blind, viewer, results, (results,))
    assert seen == [({"smear"}, False)]
    assert all(layer.visible for layer in viewer.layers)
    assert results.isVisible()
    assert len(blind.reading.order) == 3


def test_where_there_is_nothing_to_read_it_says_so(blind, viewer, analysed, qtbot, monkeypatch):
    told = []
    monkeypatch.setattr(QMessageBox, "information", lambda *said: told.append(said[-1]))
    parent = QWidget()
    qtbot.addWidget(parent)
    analysed.results.clear()
    read_blind(blind, viewer, parent, ())
    analysed.results.lock(True)
    read_blind(blind, viewer, parent, ())
    assert told == ["There is no nucleated cell to read.", "A run goes on: read once it has ended."]


def test_a_reading_at_its_end_is_shown_again_or_kept_beside_another(
    analysed, runner, viewer, qtbot, monkeypatch, tmp_path
):
    blind = BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: tmp_path)
    blind.look()
    blind.begin(2)
    blind.name("blast")
    blind.name("blast")
    parent, asked, words = QWidget(), [], []
    qtbot.addWidget(parent)
    kinds = QMessageBox.StandardButton
    answers = iter((kinds.Yes, kinds.No))
    monkeypatch.setattr(QMessageBox, "question", lambda *said: (asked.append(said[2]), next(answers))[1])
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (3, True))
    monkeypatch.setattr(BlindDialog, "exec", lambda dialog: words.append(dialog.words.text()))
    read_blind(blind, viewer, parent, ())
    read_blind(blind, viewer, parent, ())
    assert asked[0].startswith("Your reading is at its end. See what came out?")
    assert "Both named 2 cells" in words[0]
    assert words[1] == ""
    assert len(list((tmp_path / "readings").iterdir())) == 2


def test_a_reading_that_cannot_be_kept_says_so(analysed, runner, viewer, qtbot, monkeypatch, tmp_path):
    (tmp_path / "readings").write_text("")
    blind = BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: tmp_path)
    parent, told = QWidget(), []
    qtbot.addWidget(parent)
    monkeypatch.setattr(QMessageBox, "warning", lambda *said: told.append(said[-1]))
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (3, True))
    read_blind(blind, viewer, parent, ())
    assert "could not be written" in told[0]


def test_a_reading_that_no_project_keeps_is_not_lost_unasked(blind, qtbot, monkeypatch, tmp_path):
    blind.look()
    blind.begin(3)
    parent, asked = QWidget(), []
    qtbot.addWidget(parent)
    dialog = BlindDialog(blind, parent)
    dialog.show()
    answers = iter(("cancel", "save", "save", "discard"))
    monkeypatch.setattr(
        "napari_hemalens.gui.widgets.blind.ask_what_becomes",
        lambda _, __, question: (asked.append(question), next(answers))[1],
    )
    files = iter((None, tmp_path / "ben.csv"))
    monkeypatch.setattr("napari_hemalens.gui.widgets.blind.ask_for_file", lambda *_: next(files))
    qtbot.keyClick(dialog.cell, Qt.Key.Key_1)
    for _ in range(2):  # go on; save, but name no file
        qtbot.keyClick(dialog.cell, Qt.Key.Key_Escape)
        assert dialog.isVisible()
    assert asked[0].startswith("1 cell that you named is not kept, since no project is open.")
    dialog.ending.click()
    assert not dialog.isVisible()
    assert (tmp_path / "ben.csv").is_file()
    dialog.show()
    dialog.close()  # all is in the table
    assert len(asked) == 3
    dialog.show()
    dialog.session.name("blast")
    dialog.close()
    assert (len(asked), dialog.isVisible()) == (4, False)


def test_a_reading_that_a_project_keeps_is_left_unasked(analysed, runner, qtbot, monkeypatch, tmp_path):
    blind = BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: tmp_path)
    blind.look()
    blind.begin(3)
    blind.name("blast")
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = BlindDialog(blind, parent)
    monkeypatch.delattr("napari_hemalens.gui.widgets.blind.ask_what_becomes")
    dialog.show()
    dialog.close()
    assert not dialog.isVisible()


def test_what_was_saved_is_said_in_place_of_what_was_not(blind, qtbot, monkeypatch, tmp_path):
    blind.look()
    blind.begin(1)
    parent, suggested = QWidget(), []
    qtbot.addWidget(parent)
    dialog = BlindDialog(blind, parent)
    dialog.show()
    blind.reading.observer = "Ann MD/PhD"
    (tmp_path / "file").write_text("")
    files = iter((tmp_path / "file" / "ann.csv", tmp_path / "ann.csv"))
    monkeypatch.setattr(
        "napari_hemalens.gui.widgets.blind.ask_for_file", lambda *asked: (suggested.append(asked[2]), next(files))[1]
    )
    dialog.save.click()
    assert "could not be written" in dialog.said.text()
    dialog.save.click()
    assert dialog.said.text() == f"Saved {tmp_path / 'ann.csv'}."
    assert str(suggested[0]) == "Ann MD-PhD.csv"
