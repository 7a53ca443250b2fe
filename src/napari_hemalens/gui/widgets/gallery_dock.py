"""Galleries in docks of their own below the canvas; that of the results of Detect and of Classify."""

from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QDockWidget, QPushButton, QWidget

from napari_hemalens.gui.gallery import GallerySession
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.gallery import GalleryView
from napari_hemalens.gui.widgets.rows import button

_HEIGHT = 280  # pixels that a gallery asks for: two rows of cells, and room for the image above them


def gallery_button() -> QPushButton:
    """Return the button that opens a gallery."""
    made = button("Gallery…")
    made.setToolTip("All cells of all images by class, below the canvas: correct several at once")
    reach_by_tab(made)  # after a click, Space must not press it
    return made


def show_below(viewer: ViewerModel, widget: QWidget, name: str) -> None:
    """Show a widget in a dock below the canvas, over what lies there already as a tab."""
    itself: Any = getattr(viewer, "__wrapped__", viewer)  # plugins are given a proxy
    if not isinstance(widget.parent(), QDockWidget):
        around = itself.window.add_dock_widget(
            widget, name=name, area="bottom", tabify=True, add_vertical_stretch=False
        )
        itself.window._qt_window.resizeDocks([around], [_HEIGHT], Qt.Orientation.Vertical)
    around = widget.parent()
    around.show()
    widget.show()
    raising = QTimer(around)  # a tab can be raised only once Qt has laid it out
    raising.setSingleShot(True)
    raising.timeout.connect(around.raise_)
    raising.start()


class ResultsGallery(GalleryView):
    """The gallery of the results of a dock, which follows them while it is seen.

    Parameters
    ----------
    viewer : ViewerModel
        Below whose canvas it opens.
    session : GallerySession
        The results.
    name : str
        Of its dock.
    parent : QWidget
        Who keeps it until it is opened.
    """

    failed = Signal(str)  # which image cannot be read, and why

    def __init__(self, viewer: ViewerModel, session: GallerySession, name: str, parent: QWidget) -> None:
        super().__init__(session.picture_of, accepts=True)
        self.setParent(parent)
        self.hide()
        self.session = session
        self.viewer, self._name = viewer, name
        self.named.connect(session.name)
        self.accepted.connect(lambda cells: session.name(cells, None))
        self.opened.connect(session.go_to)
        self.undone.connect(session.source.results.undo)
        self.redone.connect(session.source.results.redo)
        session.source.changed.connect(self._follow)
        session.pictures.arrived.connect(self._redraw)
        session.pictures.failed.connect(self._fail)

    def open(self) -> None:
        """Show it below the canvas, in front of what lies there."""
        show_below(self.viewer, self, self._name)
        self.grid.setFocus()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Show the results as they are now: nothing was followed while it was hidden."""
        super().showEvent(event)
        self._follow()

    @while_alive
    def _follow(self) -> None:
        if not self.isVisible():
            return
        session, source = self.session, self.session.source
        self.show_undo(can_undo=source.results.can_undo, can_redo=source.results.can_redo)
        if source.can_say:  # else a run finds ever more cells
            change = session.update()
            self.show_classes(session.keys, session.colours)
            if change.images:
                self.show_cells(session.cells)
            else:
                self.update_cells(session.cells)
            if change.pictures:
                self.grid.delegate.pixmaps.clear()
        self.show_words(session.words)

    @while_alive
    def _redraw(self) -> None:
        self.grid.viewport().update()

    @while_alive
    def _fail(self, sentence: str) -> None:
        self.failed.emit(sentence)
