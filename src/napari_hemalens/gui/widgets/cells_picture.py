"""A picture of cells side by side, of which one is chosen by mouse or keys."""

from PIL import Image
from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QLabel

from napari_hemalens.figures.heatmaps import Gallery
from napari_hemalens.gui.widgets.accessible import reach_by_tab

_CHOOSING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
_LINE = 2  # pixels of the frame around the cell that the keys have come to


class CellsPicture(QLabel):
    """A picture that tells which of its cells is clicked, or chosen by the arrow keys and Enter.

    Attributes
    ----------
    at : int or None
        Number of the cell that the keys have come to.
    """

    chosen = Signal(object)  # the number of a cell: an int of Qt has 32 bits

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)  # a click's place is the picture's
        self.setAccessibleName("Most and least certain cells")
        self.setToolTip("Click a cell, or go to it by arrow keys and press Enter, to show it and move the view there")
        reach_by_tab(self)
        self._gallery: Gallery | None = None
        self.at: int | None = None

    def show_gallery(self, gallery: Gallery, ratio: float) -> None:
        """Show cells, with so many pixels of the picture for each of the screen's."""
        self._gallery = gallery
        self.at = self.at if self.at in gallery.places else None
        self.setPixmap(pixmap(gallery.picture, ratio))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 -- Qt's name
        """Choose the cell on which the left button went down."""
        if event.button() == Qt.MouseButton.LeftButton and self._gallery is not None:
            ratio = self.pixmap().devicePixelRatioF()
            self._choose(self._gallery.cell_at(ratio * event.position().x(), ratio * event.position().y()))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 -- Qt's name
        """Begin with the first cell."""
        super().focusInEvent(event)
        if self.at is None and self._gallery is not None:
            self.at = min(self._gallery.places, key=self._position, default=None)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's name
        """Go to the next cell in the direction of an arrow; choose by Enter or the space bar."""
        key = Qt.Key(event.key())
        if key in _CHOOSING:
            self._choose(self.at)
        elif key in _STEPS:
            self.at = self._next(*_STEPS[key])
            self.update()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 -- Qt's name
        """Frame the cell that the keys have come to, twice, so that the frame is seen on any ground."""
        super().paintEvent(event)
        if not self.hasFocus() or self._gallery is None or self.at is None:
            return
        ratio = self.pixmap().devicePixelRatioF()
        x0, y0, x1, y1 = (side / ratio for side in self._gallery.places[self.at])
        painter = QPainter(self)
        for colour, inset in ((Qt.GlobalColor.black, _LINE / 2), (Qt.GlobalColor.white, 1.5 * _LINE)):
            painter.setPen(QPen(QColor(colour), _LINE))
            painter.drawRect(QRectF(x0, y0, x1 - x0, y1 - y0).adjusted(inset, inset, -inset, -inset))
        painter.end()

    def _choose(self, number: int | None) -> None:
        if number is not None:
            self.at = number
            self.chosen.emit(number)
            self.update()

    def _position(self, number: int) -> tuple[int, int]:
        """Return where a cell begins: y, x."""
        x0, y0, *_ = self._gallery.places[number] if self._gallery is not None else (0, 0)
        return y0, x0

    def _next(self, down: int, right: int) -> int | None:
        """Return the nearest cell in a direction, in reading order along rows; the same where there is none."""
        if self._gallery is None or self.at is None:
            return self.at
        order = sorted(self._gallery.places, key=self._position)
        if right:
            return order[min(max(0, order.index(self.at) + right), len(order) - 1)]
        here = self._position(self.at)
        away = {n: (abs(y - here[0]), abs(x - here[1])) for n in order for y, x in (self._position(n),)}
        beyond = [n for n in order if (self._position(n)[0] - here[0]) * down > 0]
        return min(beyond, key=away.__getitem__, default=self.at)


def pixmap(picture: Image.Image, ratio: float) -> QPixmap:
    """Return a picture with so many pixels for each of the screen's."""
    made = picture.convert("RGBA")
    pixels = QImage(made.tobytes(), made.width, made.height, 4 * made.width, QImage.Format.Format_RGBA8888)
    shown = QPixmap.fromImage(pixels)  # a copy: the bytes go
    shown.setDevicePixelRatio(ratio)
    return shown
