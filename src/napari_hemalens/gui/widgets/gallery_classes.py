"""The classes of a gallery with how many cells each has: a click shows one of them, and cells are dropped on it."""

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.gallery_grid import CELLS_DRAGGED
from napari_hemalens.gui.widgets.swatch import swatch

_WIDEST = 240  # pixels: names may be of a person's own making

ALL = None
"""In place of a class: all of them."""


class ClassList(QListWidget):
    """All cells, each class, and cells without one."""

    chosen = Signal(object)  # a class, '' for none, None for all
    dropped = Signal(object, str)  # cells, the class that they are dropped on

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        reach_by_tab(self)  # after a click, keys name cells
        self.setAccessibleName("Classes")
        self.setToolTip("Click a class to see its cells alone; drag cells onto a class to give it to them")
        self.currentItemChanged.connect(self._on_current)

    def show_counts(self, counts: Mapping[str, int], *, keys: Mapping[str, str], colours: Mapping[str, str]) -> None:
        """Show classes with the number of their cells, '' for those without one; what was chosen stays so."""
        before = self.current
        self.blockSignals(True)
        self.clear()
        self._add("All", sum(counts.values()), ALL)
        for name, cells in counts.items():
            if name or cells:
                item = self._add(display_name(name) or "no class", cells, name)
                if name:
                    item.setIcon(swatch(name, keys.get(name, ""), colours.get(name)))
        self._fit()
        rows = [row for row in range(self.count()) if self._name(row) == before]
        self.setCurrentRow(rows[0] if rows else 0)
        self.blockSignals(False)
        if not rows:
            self.chosen.emit(self.current)

    def _fit(self) -> None:
        """Be as wide as the longest name takes, but for very long ones: the room is for cells."""
        beside = 2 * self.frameWidth() + self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(min(self.sizeHintForColumn(0) + beside, _WIDEST))

    @property
    def current(self) -> str | None:
        """The class that is shown; '': cells without one; None: all."""
        return self._name(self.currentRow()) if self.currentRow() >= 0 else ALL

    def _add(self, words: str, cells: int, name: str | None) -> QListWidgetItem:
        item = QListWidgetItem(f"{cells:,}  {words}")
        item.setData(Qt.ItemDataRole.UserRole, name)
        item.setToolTip(item.text())  # long names are cut off
        self.addItem(item)
        return item

    def _name(self, row: int) -> str | None:
        name: str | None = self.item(row).data(Qt.ItemDataRole.UserRole)
        return name

    def _on_current(self) -> None:
        self.chosen.emit(self.current)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 -- Qt's
        """Take cells of a gallery, and nothing else."""
        if event.mimeData().hasFormat(CELLS_DRAGGED):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 -- Qt's
        """Take them over a class alone."""
        event.setAccepted(bool(self._under(event)))

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 -- Qt's
        """Give the cells the class."""
        name = self._under(event)
        if name:
            event.acceptProposedAction()
            cells = bytes(event.mimeData().data(CELLS_DRAGGED)).decode()
            self.dropped.emit(tuple(int(cell) for cell in cells.split(",") if cell), name)

    def _under(self, event: QDropEvent) -> str | None:
        item = self.itemAt(event.position().toPoint())
        return None if item is None else item.data(Qt.ItemDataRole.UserRole)
