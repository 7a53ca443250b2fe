"""Whose name corrections and labels bear: the same in every dock."""

from qtpy.QtWidgets import QLineEdit, QPushButton

from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.rows import button


def blind_button() -> QPushButton:
    """Return the button that begins a blind second reading."""
    made = button("Read blind…")
    made.setToolTip("Name cells once more without seeing what the network or anybody said of them, and compare")
    reach_by_tab(made)
    return made


class ObserverName(QLineEdit):
    """The name of the observer, shown and changed."""

    def __init__(self) -> None:
        super().__init__()
        self.setToolTip("Whose name corrections and labels bear from now on, in results and reports, too")
        self.setPlaceholderText("not named")
        self.editingFinished.connect(self._on_edited)
        OBSERVER.changed.connect(self._show)
        self._show(OBSERVER.name)

    def _on_edited(self) -> None:
        if self.text().strip() != OBSERVER.name:
            OBSERVER.rename(self.text())
        self._show(OBSERVER.name)

    @while_alive
    def _show(self, name: str) -> None:
        self.setText(name)
