"""Boxes to choose layers from, which follow the layers of the viewer."""

from collections.abc import Callable
from typing import Any

from napari.components import LayerList
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

LAYER_NEWS = frozenset({"inserted", "removed", "reordered", "name"})
"""Events of a list of layers after which it reads differently."""


class LayerChoice(QComboBox):
    """Choose one layer of some kind.

    Parameters
    ----------
    layers : LayerList
        Of the viewer.
    offered : callable
        Which layers may be chosen.
    words : str
        What stands there where none may be.
    """

    chosen = Signal()

    def __init__(self, layers: LayerList, offered: Callable[[Layer], bool], words: str) -> None:
        super().__init__()
        narrow(self)
        self._layers, self._offered, self._words = layers, offered, words
        self._layer: Layer | None = None
        self.currentIndexChanged.connect(self._on_choice)
        layers.events.connect(self._on_layers)
        self.refresh()

    def layer(self) -> Layer | None:
        """Return the layer chosen."""
        return self._layer

    def choose(self, layer: Layer) -> None:
        """Choose a layer that is offered."""
        self.setCurrentIndex(self.findData(layer))

    def refresh(self) -> None:
        """Offer what the viewer holds now, and keep what was chosen."""
        items = [(layer.name, layer) for layer in self._layers if self._offered(layer)]
        fill(self, items or [(self._words, None)], self._layer)
        self.setEnabled(bool(items))
        self._on_choice()

    def _on_choice(self) -> None:
        now = self.currentData()
        if now is not self._layer:
            self._layer = now
            self.chosen.emit()

    def _on_layers(self, event: Any) -> None:
        if event.type in LAYER_NEWS:
            self.refresh()


def narrow(chooser: QComboBox) -> None:
    """Let long names be cut off instead of making the dock wider."""
    chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    chooser.setMinimumContentsLength(8)


def box(parent: QWidget | None = None) -> QComboBox:
    """Return a box whose long names are cut off."""
    made = QComboBox(parent)
    narrow(made)
    return made


def fill(chooser: QComboBox, items: list[tuple[str, Any]], chosen: Any) -> None:
    """Offer items in words, with the one chosen before, else the first."""
    chooser.blockSignals(True)
    chooser.clear()
    for words, value in items:
        chooser.addItem(words, value)
    values = [value for _, value in items]
    # Not `is`: Qt gives a text back as another object than it was given.
    chooser.setCurrentIndex(values.index(chosen) if chosen in values else 0)
    chooser.blockSignals(False)
