"""A line that offers the demo where no image is open yet."""

from typing import Any, TypeVar

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QLabel, QWidget

from napari_hemalens.gui.widgets.choices import LAYER_NEWS

W = TypeVar("W", bound=QWidget)


class DemoHint(QLabel):
    """Seen as long as the viewer holds no image; its link opens the demo."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__("No image yet? <a href='demo' style='color: #6fb7ff'>Try the demo</a>")
        self._viewer = viewer
        self.linkActivated.connect(self._open)
        viewer.layers.events.connect(self._on_layers)
        if not self._empty():
            self.hide()

    def _open(self) -> None:
        from napari_hemalens.gui.widgets.demo import DemoWidget  # noqa: PLC0415 -- which opens docks with this line

        dock_of(self._viewer, DemoWidget, "Try the demo")

    def _on_layers(self, event: Any) -> None:
        if event.type in LAYER_NEWS:
            self.setVisible(self._empty())

    def _empty(self) -> bool:
        return not any(isinstance(layer, Image) for layer in self._viewer.layers)


def dock_of(viewer: Any, kind: type[W], name: str) -> W:
    """Return the widget of a kind in the window of a viewer, docked under the name of napari's menu where it is not.

    napari's own way of opening a widget from code docks it a second time where it was opened by the menu.
    """
    window = getattr(viewer, "__wrapped__", viewer).window  # plugins are given a proxy
    found: W | None = window._qt_window.findChild(kind)
    if found is not None:
        return found
    made: W = kind(napari_viewer=viewer)
    window.add_dock_widget(made, name=f"{name} (HemaLens)", area="right")
    return made
