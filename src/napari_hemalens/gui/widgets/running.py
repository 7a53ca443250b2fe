"""Run, Stop, and how far it is."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_hemalens.gui.widgets.rows import sentences

_FULL = 1000


class RunBar(QWidget):
    """Two buttons, a bar and a line of words."""

    def __init__(self) -> None:
        super().__init__()
        self.run, self.stop = QPushButton("Run"), QPushButton("Stop")
        self.bar, self.words, self.message = QProgressBar(), QElidingLabel(), sentences()
        self.bar.setRange(0, _FULL)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.words.setElideMode(Qt.TextElideMode.ElideMiddle)  # a long name, then the tile
        self.message.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 2)
        buttons.addWidget(self.stop, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(buttons)
        for widget in (self.bar, self.words, self.message):
            layout.addWidget(widget)
        self.show_running(False)

    def show_running(self, running: bool) -> None:
        """Offer to run, or to stop."""
        self.run.setEnabled(not running)
        self.stop.setEnabled(running)
        if running:
            self.message.hide()

    def show_progress(self, words: str, share: float) -> None:
        """Show how far the run is."""
        self.bar.setValue(round(share * _FULL))
        self.words.setText(words)

    def say(self, sentence: str) -> None:
        """Show a sentence until the next run."""
        self.message.setText(sentence)
        self.message.show()


def ask_to_keep(parent: QWidget, corrections: int) -> bool | None:
    """Ask what becomes of corrections in a new run: keep them, discard them, or (None) do not run."""
    box = QMessageBox(parent)
    box.setWindowTitle("Corrected cells")
    cells = "1 cell was" if corrections == 1 else f"{corrections:,} cells were"
    box.setText(f"{cells} corrected by hand in these images. Keep the corrections in the new run?")
    keep = box.addButton("Keep", QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.exec()
    return {keep: True, discard: False}.get(box.clickedButton())
