"""A window in which a second observer reads cells blind, each large, and which shows the agreement at the end."""

import re
from collections.abc import Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtWidgets import QDialog, QHBoxLayout, QInputDialog, QMessageBox, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.blind import BlindSession
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.teach.keys import others
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.closing import ask_what_becomes
from napari_hemalens.gui.widgets.gallery_dock import ResultsGallery
from napari_hemalens.gui.widgets.replacing import ask_for_file
from napari_hemalens.gui.widgets.rows import button, sentences
from napari_hemalens.gui.widgets.teach_cell import CellToName
from napari_hemalens.progress import counted

_ADVISED = 200  # cells


class BlindDialog(QDialog):
    """Names cell after cell; nothing else can be done, or seen of their classes, meanwhile.

    Parameters
    ----------
    session : BlindSession
        A reading that has begun.
    parent : QWidget
        The dock.
    """

    def __init__(self, session: BlindSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Blind reading")
        self.setMinimumWidth(440)
        self.cell, self.words, self.said = CellToName(), sentences(), sentences()
        self.cell.another.hide()
        for name in ("not_sure", "redo"):
            self.cell.controls[name].hide()
        self.cell.controls["skip"].setToolTip("N or Space: this cell stays unnamed")
        self.save, self.ending = button("Save reading…"), button("End")
        self.save.setToolTip("Write the reading as a table, which hemalens agreement compares with others")
        self.ending.setToolTip("In a project the reading is kept, and goes on where it was left")
        below, layout = QHBoxLayout(), QVBoxLayout(self)
        for each in (self.save, self.ending):
            each.setAutoDefault(False)
            below.addWidget(each)
        self.said.hide()
        for widget in (self.cell, self.words, self.said):
            layout.addWidget(widget)
        layout.addLayout(below)
        self.cell.named.connect(session.name)
        self.cell.pressed.connect(self._on_key)
        self.cell.asked.connect(self._on_asked)
        self.save.clicked.connect(self._save)
        self.ending.clicked.connect(self.accept)
        session.changed.connect(self._show)
        session.said.connect(self._say)
        self._show()
        self.cell.setFocus()

    def done(self, result: int) -> None:
        """Close, unless it would lose what was said and the observer goes on."""
        cells = self.session.unsaved
        if cells:
            named = counted(cells, "cell that you named is", "cells that you named are")
            question = f"{named} not kept, since no project is open. Save the reading as a table?"
            answer = ask_what_becomes(self, "Blind reading", question)
            if answer == "save":
                self._save()
            if answer == "cancel" or (answer == "save" and self.session.unsaved):
                self.cell.setFocus()
                return
        super().done(result)

    def _on_key(self, key: str) -> None:
        keys = {each.name: each.key for each in self.session.classes}
        if key in others(keys):
            self._on_asked(others(keys)[key])
        else:
            self.session.press(key)

    def _on_asked(self, what: str) -> None:
        if what == "undo":
            self.session.undo()
        elif what == "skip":
            self.session.name("")

    @while_alive
    def _show(self) -> None:
        session, shown = self.session, self.session.shown
        self.cell.show_classes(session.classes, session.counts)
        self.cell.show_cell(shown, can_say=shown is not None)
        done = shown is None and session.reading is not None
        self.words.setText("\n".join(session.sentences) if done else "")
        self.words.setVisible(done)

    @while_alive
    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))

    def _save(self) -> None:
        observer = "" if self.session.reading is None else self.session.reading.observer
        name = re.sub(r"[^\w .-]+", "-", observer) or "reading"  # "MD/PhD" is no folder
        file = ask_for_file(self, "Save reading", Path(f"{name}.csv"), "Table (*.csv)")
        if file is not None:
            self.session.save(file)


def read_on_click(asks: QPushButton, session: BlindSession, gallery: ResultsGallery, results: QWidget) -> None:
    """Let a button begin a reading, during which results and gallery are hidden."""
    asks.clicked.connect(lambda: read_blind(session, gallery.viewer, asks.window(), (results, gallery)))


def read_blind(session: BlindSession, viewer: ViewerModel, parent: QWidget, hidden: Sequence[QWidget]) -> None:
    """Ask how many cells, or whether to go on, and read; all but the images is hidden, since it may tell classes."""
    cells = session.look() if session.can_read else 0
    if not cells:
        why = "There is no nucleated cell to read." if session.can_read else "A run goes on: read once it has ended."
        QMessageBox.information(parent, "Blind reading", why)
        return
    if not _begun(session, cells, parent):
        return
    seen = [layer for layer in viewer.layers if layer.visible and _may_tell(layer)]
    shown = [widget for widget in hidden if widget.isVisible()]
    for each in seen:
        each.visible = False
    for widget in shown:
        widget.hide()
    dialog = BlindDialog(session, parent)
    try:
        dialog.exec()
    finally:
        dialog.deleteLater()
        for layer in [each for each in seen if each in viewer.layers]:
            layer.visible = True
        for widget in shown:
            widget.show()


def _may_tell(layer: Layer) -> bool:
    """Return whether a layer may tell classes: whatever lies over an image, heatmaps among it."""
    return not isinstance(layer, Image) or MARK in layer.metadata


def _begun(session: BlindSession, cells: int, parent: QWidget) -> bool:
    """Begin a reading or go on with one; return whether there is one."""
    kept = session.kept
    kinds = QMessageBox.StandardButton
    if kept is not None:
        left, gone = session.left_of(kept), session.gone_from(kept)
        found = f"has {counted(left, 'cell')} left. Go on with it?" if left else "is at its end. See what came out?"
        away = counted(gone, "of its cells was", "of its cells were")
        lost = f" {away} removed or moved since, and will be passed over." if gone else ""
        question = f"Your reading {found}{lost} No begins another, and keeps this one beside it."
        answer = QMessageBox.question(parent, "Blind reading", question, kinds.Yes | kinds.No | kinds.Cancel)
        if answer == kinds.Yes:
            session.resume()
        if answer != kinds.No:
            return bool(answer == kinds.Yes)
    words = f"Cells to read, drawn at random of {cells:,}:"
    number, agreed = QInputDialog.getInt(parent, "Blind reading", words, min(cells, _ADVISED), 1, cells)
    if not agreed:
        return False
    try:
        session.begin(number)
    except HemaLensError as error:
        QMessageBox.warning(parent, "Blind reading", str(error))
        return False
    return True
