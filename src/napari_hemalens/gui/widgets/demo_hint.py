"""A line that offers the demo where no image is open yet."""

from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.docks import open_dock
from napari_hemalens.gui.widgets.rows import button


class DemoHint(QWidget):
    """Seen as long as the viewer holds no image; its button opens the demo."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.demo = button("Try the demo", "Detect, classify and explain cells of a rendered smear, step by step")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("No image yet?"))
        layout.addWidget(self.demo)
        layout.addStretch(1)
        self.demo.clicked.connect(self._open)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self._on_layers)
        if not self._empty():
            self.hide()

    def _open(self) -> None:
        open_dock(self._viewer, "Try the demo")

    @while_alive
    def _on_layers(self, _: Any) -> None:
        self.setVisible(self._empty())

    def _empty(self) -> bool:
        return not any(isinstance(layer, Image) for layer in self._viewer.layers)
