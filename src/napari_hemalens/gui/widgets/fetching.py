"""Fetching weights from a dock: the question, how far the download is, Stop."""

from collections.abc import Sequence
from typing import Protocol

from magicgui.widgets import Widget
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QMessageBox, QProgressBar, QPushButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_hemalens.gui.weights_fetch import weights_fetch
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.workflows.weights import CatalogueEntry

_FULL = 1000


class WeightsForm(Protocol):
    """A form with a `WeightsChoice` called weights."""

    options: dict[str, Widget]

    def offer_available(self, entries: Sequence[CatalogueEntry]) -> None:
        """Offer weights that are not here."""

    def take_fetched(self, name: str) -> None:
        """Choose weights that are here now."""


class FetchBar(QWidget):
    """A bar with words and Stop below the form whose weights are fetched; hidden while there is nothing to say.

    Parameters
    ----------
    viewer : ViewerModel
        Whose downloads are shown.
    form : WeightsForm
        Where weights are chosen.
    """

    def __init__(self, viewer: ViewerModel, form: WeightsForm) -> None:
        super().__init__()
        self.session = weights_fetch(viewer, QtRunner)
        self._form, self._asked = form, ""
        self.bar, self.words, self.stop, self.message = (
            QProgressBar(),
            QElidingLabel(),
            QPushButton("Stop"),
            sentences(),
        )
        self.bar.setRange(0, _FULL)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Progress of the download")
        self.words.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.stop.setToolTip("Stop the download; nothing of it is kept")
        self.stop.setAccessibleName("Stop the download")
        self._lay_out()
        self._connect(form)
        self._on_offers()
        self._on_running(self.session.running)
        self.session.look()

    def _lay_out(self) -> None:
        said = QHBoxLayout()
        said.addWidget(self.words, 1)
        said.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(said)
        layout.addWidget(self.bar)
        layout.addWidget(self.message)
        self.message.hide()

    def _connect(self, form: WeightsForm) -> None:
        form.options["weights"].wanted.connect(self._ask)
        self.stop.clicked.connect(self.session.stop)
        self.session.offers_changed.connect(self._on_offers)
        self.session.fetched.connect(self._on_fetched)
        self.session.progressed.connect(self._on_progress)
        self.session.running_changed.connect(self._on_running)
        self.session.message_sent.connect(self._say)

    @while_alive
    def _ask(self, entry: CatalogueEntry) -> None:
        if ask_to_fetch(self, entry):
            self._asked = entry.name
            self.session.fetch(entry)

    @while_alive
    def _on_offers(self) -> None:
        self._form.offer_available(self.session.offered)

    @while_alive
    def _on_fetched(self, name: str) -> None:
        if name == self._asked:  # in this dock, not in another one
            self._form.take_fetched(name)

    @while_alive
    def _on_progress(self, words: str, share: float) -> None:
        self.words.setText(words)
        self.bar.setValue(round(share * _FULL))

    @while_alive
    def _on_running(self, running: bool) -> None:
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self.setVisible(running or bool(self._asked))  # how it ended is of interest where it was asked for
        if running:
            self.message.hide()

    @while_alive
    def _say(self, sentence: str) -> None:
        self.words.setText("")
        self.message.setText(sentence)
        self.message.show()
        self.show()


def ask_to_fetch(parent: QWidget, entry: CatalogueEntry) -> bool:
    """Return whether somebody agrees to the licence of weights, and wants them fetched."""
    box = QMessageBox(parent)
    box.setWindowTitle("Weights that are not here")
    box.setText(f"{entry.name} is not on this computer. Fetch {entry.megabytes}, once?")
    box.setInformativeText(
        f"{entry.description.rstrip('.')}.\n\nLicence: {entry.terms}\n\nFrom: {', '.join(entry.where)}"
    )
    agree = box.addButton("Agree and fetch", QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return bool(box.clickedButton() is agree)
