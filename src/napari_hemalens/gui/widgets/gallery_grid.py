"""Thumbnails of cells in a grid: only those on screen are drawn, so that many thousands scroll smoothly."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QMimeData,
    QModelIndex,
    QPoint,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QImage, QKeyEvent, QKeySequence, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_hemalens.records.contrast import ink_on
from napari_hemalens.review.gallery import NO_CLASS, Gallery, GalleryCells

CELLS_DRAGGED = "application/x-hemalens-cells"
"""What a drag holds: the selected cells of the gallery that it began in."""

Thumbnail = Callable[[int], NDArray[np.uint8] | None]
"""Gives the picture (h, w, 3) of a cell, or None while it is being read."""

_SIDE = 72  # pixels of a thumbnail
_FRAME = 3  # around it, in the colour of its class
_WORDS = 15  # pixels below it
_GAP = 4
_KEPT = 2000  # thumbnails in memory, 30 MB
_NAMELESS = "#808080"
_EMPTY = "#404040"  # a picture that is still being read
_ENTER = ("Return", "Enter", "Num+Enter")  # the last is that of a number pad


class CellsModel(QAbstractListModel):
    """The cells of a gallery in their order, for Qt."""

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self.gallery = gallery

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 -- Qt's
        """Return the number of cells shown."""
        return 0 if parent.isValid() else len(self.gallery.order)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the words under a cell, what is said when the mouse rests on it, or the cell itself."""
        cell = self.gallery.order[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return words_of(self.gallery.cells, cell)
        return sentence_of(self.gallery.cells, cell) if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Cells can be selected and dragged."""
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:  # noqa: N802 -- Qt's
        """Return what a drag may hold."""
        return [CELLS_DRAGGED]

    def mimeData(self, _: object) -> QMimeData:  # noqa: N802 -- Qt's
        """Return a drag of the selected cells."""
        dragged = QMimeData()
        dragged.setData(CELLS_DRAGGED, ",".join(map(str, self.gallery.selected)).encode())
        return dragged

    def rearrange(self, change: Callable[[], None]) -> None:
        """Change what is shown, or its order."""
        self.beginResetModel()
        change()
        self.endResetModel()


def words_of(cells: GalleryCells, cell: int) -> str:
    """Return what stands under a cell: how certain the network is, or that a person named it."""
    if cells.given[cell]:
        return "by you"
    if cells.unsure is not None and cells.unsure[cell]:
        return "unsure"
    certainty = cells.certainty[cell]
    return "" if np.isnan(certainty) else f"{certainty:.0%}"


def sentence_of(cells: GalleryCells, cell: int) -> str:
    """Return the class of a cell, and who says so."""
    of = cells.classes[cell]
    name = "no class" if of == NO_CLASS else cells.names[of].replace("_", " ")
    who = words_of(cells, cell)
    return f"{name}, {who}" if who else name


class Pixmaps:
    """Pictures of the cells that were drawn last, as Qt draws them.

    Parameters
    ----------
    thumbnail : callable
        Gives the picture of a cell; what is still being read is asked for again.
    """

    def __init__(self, thumbnail: Thumbnail) -> None:
        self._thumbnail = thumbnail
        self._kept: OrderedDict[int, QPixmap] = OrderedDict()

    def get(self, cell: int) -> QPixmap | None:
        """Return the picture of a cell, or None while it is being read."""
        if cell not in self._kept:
            pixels = self._thumbnail(cell)
            if pixels is None:
                return None
            self._kept[cell] = pixmap_of(pixels)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(cell)
        return self._kept[cell]

    def clear(self) -> None:
        """Forget all pictures: cells have other numbers, or look otherwise."""
        self._kept.clear()


class ThumbnailDelegate(QStyledItemDelegate):
    """Draws a cell: its picture, framed in the colour of its class; what a person named has a tick."""

    def __init__(self, parent: QWidget, thumbnail: Thumbnail) -> None:
        super().__init__(parent)
        self.colours: Mapping[str, str] = {}
        self.pixmaps = Pixmaps(thumbnail)

    def sizeHint(self, *_: object) -> QSize:  # noqa: N802 -- Qt's
        """Return the size of a thumbnail with its frame and words."""
        side = _SIDE + 2 * (_FRAME + _GAP)
        return QSize(side, side + _WORDS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one cell."""
        model = index.model()
        cell, cells = index.data(Qt.ItemDataRole.UserRole), model.gallery.cells
        of = cells.classes[cell]
        colour = QColor(_NAMELESS if of == NO_CLASS else self.colours.get(cells.names[of], _NAMELESS))
        place = QRect(option.rect.left() + _GAP + _FRAME, option.rect.top() + _GAP + _FRAME, _SIDE, _SIDE)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
            painter.setPen(QPen(option.palette.text().color(), 2))  # the highlight of dark themes is hardly seen
            painter.drawRect(option.rect.adjusted(1, 1, -1, -1))
        painter.fillRect(place.adjusted(-_FRAME, -_FRAME, _FRAME, _FRAME), colour)
        pixmap = self.pixmaps.get(cell)
        if pixmap is None:
            painter.fillRect(place, QColor(_EMPTY))
        else:
            painter.drawPixmap(place, pixmap)
        if cells.given[cell]:
            self._tick(painter, place, colour)
        below = QRect(place.left(), place.bottom() + _FRAME + 1, _SIDE, _WORDS)
        painter.setPen(option.palette.text().color())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, index.data())
        painter.restore()

    def _tick(self, painter: QPainter, place: QRect, colour: QColor) -> None:
        corner = QRect(place.right() - 15, place.top(), 16, 16)
        painter.fillRect(corner, colour)
        painter.setPen(QPen(QColor(ink_on(colour.name())), 2))
        left, top = corner.left(), corner.top()
        painter.drawPolyline([QPoint(left + x, top + y) for x, y in ((3, 8), (7, 12), (13, 4))])


def pixmap_of(pixels: NDArray[np.uint8]) -> QPixmap:
    """Return a picture (h, w, 3) as a square of Qt, its longer side filling it."""
    height, width = pixels.shape[:2]
    rgb = np.ascontiguousarray(pixels)
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.black)
    scaled = QPixmap.fromImage(image).scaled(
        _SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    painter = QPainter(picture)
    painter.drawPixmap((_SIDE - scaled.width()) // 2, (_SIDE - scaled.height()) // 2, scaled)
    painter.end()
    return picture


class CellsGrid(QListView):
    """The grid: click, Shift and Ctrl, and a rubber band select; keys name; a double click or Enter opens."""

    key_pressed = Signal(str)
    accepted = Signal()
    undone = Signal()
    redone = Signal()
    opened = Signal(int)

    def __init__(self, thumbnail: Thumbnail) -> None:
        super().__init__()
        self.cells_model = CellsModel(Gallery(no_cells()))
        self.delegate = ThumbnailDelegate(self, thumbnail)
        self.setModel(self.cells_model)
        self.setItemDelegate(self.delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionRectVisible(True)
        self.setDragEnabled(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(Qt.ItemDataRole.UserRole)))

    @property
    def gallery(self) -> Gallery:
        """What is shown and selected."""
        return self.cells_model.gallery

    def show_gallery(self, gallery: Gallery) -> None:
        """Show other cells."""
        self.delegate.pixmaps.clear()
        self.rearrange(lambda: setattr(self.cells_model, "gallery", gallery))
        self.selectionModel().clearCurrentIndex()
        self.scrollToTop()

    def rearrange(self, change: Callable[[], None]) -> None:
        """Change the gallery; what stays selected, where one has scrolled to, and where arrow keys go on are kept."""
        at, row = self.verticalScrollBar().value(), self.currentIndex().row()
        cells, order = self.gallery.cells, self.gallery.order
        with QSignalBlocker(self.selectionModel()):  # the gallery knows best what stays selected
            self.cells_model.rearrange(change)
        place = {cell: row for row, cell in enumerate(self.gallery.order)}
        selection = QItemSelection()
        for cell in self.gallery.selected:
            index = self.cells_model.index(place[cell])
            selection.select(index, index)
        flags = self.selectionModel().SelectionFlag
        self.selectionModel().select(selection, flags.ClearAndSelect)
        current = self.cells_model.index(self.gallery.place_after(row, cells, order))
        self.selectionModel().setCurrentIndex(current, flags.NoUpdate)
        self.doItemsLayout()
        self.verticalScrollBar().setValue(at)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802 -- Qt's
        """Tell the gallery what is selected."""
        super().selectionChanged(selected, deselected)
        self.gallery.select_many(index.data(Qt.ItemDataRole.UserRole) for index in self.selectedIndexes())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's
        """Keys that move or select are Qt's; all others are told."""
        others = {"Space": self.accepted, "Ctrl+Z": self.undone, "Ctrl+Y": self.redone, "Ctrl+Shift+Z": self.redone}
        pressed = QKeySequence(event.keyCombination()).toString()
        if pressed in others:
            others[pressed].emit()
            return
        if pressed in _ENTER and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().data(Qt.ItemDataRole.UserRole))
            return
        if event.text().strip() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.key_pressed.emit(event.text().upper())
            return
        super().keyPressEvent(event)


def no_cells() -> GalleryCells:
    """Return what an empty gallery shows."""
    numbers, measures = np.zeros(0, np.int64), np.zeros(0, np.float32)
    return GalleryCells((), numbers, np.zeros(0, np.bool_), measures, measures, numbers, numbers)
