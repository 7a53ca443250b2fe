"""Run, Stop, and how far it is."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_hemalens.gui.viewer_session import ViewerSession
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.progress import counted

_FULL = 1000
_MARGIN = 16  # pixels beside a line of words: of its label, and of the label for what is left


class RunBar(QWidget):
    """Two buttons, a bar and a line of words."""

    told = Signal(QWidget)  # a sentence that answers a person, who may have scrolled away from its label

    def __init__(self) -> None:
        super().__init__()
        self.run, self.stop = QPushButton("Run"), QPushButton("Stop")
        self.bar, self.words, self.left, self.message = QProgressBar(), QElidingLabel(), QLabel(), sentences()
        self.run.setToolTip("Begin with what is chosen above")
        self.stop.setToolTip("Stop after the step that is being done; what was found so far stays")
        self.bar.setAccessibleName("Progress")
        self.bar.setRange(0, _FULL)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.words.setElideMode(Qt.TextElideMode.ElideMiddle)  # a long name, then the tile
        self.summary = sentences()  # in place of words at the end that one line has no room for
        self.message.hide()
        self.summary.hide()
        self._running = self._writing = False
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 2)
        buttons.addWidget(self.stop, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        said = QHBoxLayout()
        said.addWidget(self.words, 1)
        said.addWidget(self.left)
        layout.addLayout(buttons)
        layout.addWidget(self.bar)
        layout.addLayout(said)
        for label in (self.summary, self.message):
            layout.addWidget(label)
        self.show_running(False)

    def follow(self, session: ViewerSession) -> None:
        """Show what a session does and says, and stop it when asked to."""
        session.progressed.connect(self.show_progress)
        session.remaining_changed.connect(self.show_remaining)
        session.message_sent.connect(self.say)
        session.running_changed.connect(self.show_running)
        session.writing_changed.connect(self.show_writing)
        self.stop.clicked.connect(session.stop)
        self.show_running(session.running)
        self.show_writing(session.writing)

    @while_alive
    def show_running(self, running: bool) -> None:
        """Offer to run, or to stop."""
        self._running = running
        self.run.setEnabled(not running)
        self.stop.setEnabled(running or self._writing)
        if running:
            self.message.hide()

    @while_alive
    def show_writing(self, writing: bool) -> None:
        """Offer to stop what is being written."""
        self._writing = writing
        if writing:
            self.message.hide()  # what was said before it
        self.stop.setEnabled(writing or self._running)

    @while_alive
    def show_progress(self, words: str, share: float) -> None:
        """Show how far the run is."""
        # Of its own accord Qt paints a bar at once, and with it all else that waits to be painted, the canvas too.
        self.bar.setUpdatesEnabled(False)
        self.bar.setValue(round(share * _FULL))
        self.bar.setUpdatesEnabled(True)
        self.words.setText(words)
        long = not self._running and self.words.fontMetrics().horizontalAdvance(words) > self.width() - _MARGIN
        self.summary.setText(words)
        self.summary.setVisible(long)
        self.words.setVisible(not long)

    @while_alive
    def show_remaining(self, words: str) -> None:
        """Show how much longer it takes; nothing while that is not known."""
        self.left.setText(words)

    @while_alive
    def say(self, sentence: str) -> None:
        """Show a sentence until the next run; how an earlier one ended does not stand beside it. '' takes it back."""
        goes_on = self._running or self._writing  # whoever scrolls away meanwhile is not brought back by each step
        answers = bool(sentence) and (self.message.isHidden() or not goes_on)
        self.note(sentence)
        if answers:
            self.told.emit(self.message)

    @while_alive
    def note(self, sentence: str) -> None:
        """Show a sentence that nobody has asked for just now: it draws nobody away from what is at hand."""
        if sentence and not self._running:
            self.show_progress("", 0.0)
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))


def ask_to_keep(parent: QWidget, corrections: int) -> bool | None:
    """Ask what becomes of corrections in a new run: keep them, discard them, or (None) do not run."""
    cells = counted(corrections, "cell was", "cells were")
    question = f"{cells} corrected by hand in these images. Keep the corrections in the new run?"
    return _ask(parent, "Corrected cells", question, ("Keep", "Discard"))


def ask_to_split(parent: QWidget) -> bool | None:
    """Ask whether each separate piece of a mask is a cell: yes, no, or (None) do not run."""
    question = (
        "In these labels one number stands for many separate pieces, as in a mask of cells and background. "
        "Give each piece its own number? The layer itself does not change."
    )
    return _ask(parent, "Labels or a mask", question, ("Split them", "Leave them"))


def _ask(parent: QWidget, title: str, question: str, answers: tuple[str, str]) -> bool | None:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(question)
    yes = box.addButton(answers[0], QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton(answers[1], QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(yes)
    box.exec()
    return {yes: True, no: False}.get(box.clickedButton())
