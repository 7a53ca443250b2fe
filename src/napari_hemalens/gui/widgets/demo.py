"""Try the demo: the dock that shows how detection, classification and explanation go together."""

from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_hemalens.gui.demo import TASK, TISSUE, viewer_demo
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.docks import open_dock
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.widgets.running import RunBar
from napari_hemalens.gui.workers import QtRunner

_STEPS = {
    "detect": "Detect cells: a box around each cell of a smear",
    "classify": "Classify cells: the type of each leukocyte",
    "explain": "Attention: where the network looked",
    "look": "Click a cell: all three docks show it",
}
_HEIGHT = 175  # pixels: four lines, buttons, and a sentence
_DOWN = Qt.Orientation.Vertical
_DONE, _NOW, _LATER = "✓", "▸", "·"
_DOCKS = {"detect": "Detect cells", "classify": "Classify cells", "explain": "Attention"}


class DemoWidget(Dock):
    """Four steps, which begin as soon as the dock is opened, each in the dock that a person would use."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.demo = viewer_demo(napari_viewer, QtRunner)
        self.steps, self.running = sentences(), RunBar()
        self.docks: dict[str, Any] = {}
        self.running.run.setText("Start again")
        self.fill(self.steps, self.running)
        self.setMaximumHeight(_HEIGHT)  # the room is for the other docks
        self.running.run.clicked.connect(self.start_demo)
        self.running.stop.clicked.connect(self.demo.stop)
        self.demo.changed.connect(self._on_step)
        self.demo.message_sent.connect(self._on_said)
        self._show_steps()
        self._begin = QTimer(self)
        self._begin.setSingleShot(True)
        self._begin.timeout.connect(self.start_demo)
        self._begin.start()  # once napari has put this dock in its place

    def start_demo(self) -> None:
        """Open the docks of the three steps, one behind the other, and begin."""
        if not self.demo.running:
            self._open()
        self.demo.start_demo()

    def _open(self) -> None:
        for step, name in _DOCKS.items():
            opened = step in self.docks
            self.docks[step] = open_dock(self._viewer, name)
            if not opened:
                self.docks[step].session.progressed.connect(self._on_progress)
                self.docks[step].session.message_sent.connect(self._on_said)
        window = _around(self.docks["detect"]).parent()
        window.resizeDocks([_around(self.docks["detect"]), _around(self)], [_HEIGHT * 5, _HEIGHT], _DOWN)
        for step in ("classify", "explain"):
            window.tabifyDockWidget(_around(self.docks["detect"]), _around(self.docks[step]))

    def _fill_in(self) -> None:
        """Let the forms of the docks say what the demo does."""
        detect, classify, explain = (self.docks[step] for step in _DOCKS)
        image, cells = self.demo.image, self.demo.cells
        detect.images.images.value = image
        detect.form.options["tissue"].value = TISSUE
        for dock in (classify, explain):
            dock.image.value = image
            dock.form.options["task"].value = TASK
            if cells is not None:
                dock.cells.value = cells

    @while_alive
    def _on_step(self) -> None:
        self._show_steps()
        shown = "explain" if self.demo.step == "look" else self.demo.step
        if shown in self.docks:
            self._fill_in()
            around = _around(self.docks[shown])
            around.show()
            around.raise_()
        if self.demo.step == "look":
            self.docks["explain"].reveal(self.docks["explain"].cell)

    @while_alive
    def _on_progress(self, words: str, share: float) -> None:
        self.running.show_progress(words, share)

    @while_alive
    def _on_said(self, sentence: str) -> None:
        self.running.say(sentence)

    def _show_steps(self) -> None:
        names = list(_STEPS)
        at = names.index(self.demo.step) if self.demo.step in _STEPS else len(names)
        none = self.demo.step is None
        marks = [_LATER if none else _DONE if i < at else _NOW if i == at else _LATER for i in range(len(names))]
        self.steps.setText("<br>".join(f"{mark} {words}" for mark, words in zip(marks, _STEPS.values(), strict=True)))
        self.running.show_running(self.demo.running)


def _around(widget: QWidget) -> QDockWidget:
    """Return the dock of napari's window that a widget is in."""
    around = widget
    while not isinstance(around, QDockWidget):
        around = around.parentWidget()
    return around
