"""The colour of a class as an icon, with the key that gives the class."""

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

from napari_hemalens.records.contrast import ink_on
from napari_hemalens.records.palette import colour_of

SIDE = 15  # pixels
_UNSURE = "#999999"  # seen on dark and on light themes, and black is read on it
_CUT = 0.3  # of a side, as of the boxes


def swatch(name: str, key: str = "", colour: str | None = None) -> QIcon:
    """Return a square in the colour of a class, or another one, its key in it."""
    filled = QColor(colour or colour_of(name))
    square = QPixmap(SIDE, SIDE)
    square.fill(filled)
    if key:
        _write(square, key, ink_on(filled.name()))
    return QIcon(square)


class Swatches:
    """The icons of classes that one widget shows again and again, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], QIcon] = {}

    def __call__(self, name: str, key: str = "") -> QIcon:
        """Return what `swatch` does; the same icon for as long as neither colour nor key has changed."""
        looks = colour_of(name), key
        if looks not in self._made:
            self._made[looks] = swatch(name, key)
        return self._made[looks]


def unsure_swatch() -> QIcon:
    """Return the form of unsure cells, a question mark in it."""
    picture = QPixmap(SIDE, SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    near, far = 0.5, SIDE - 0.5
    cut, left = near + _CUT * (SIDE - 1), far - _CUT * (SIDE - 1)
    corners = ((cut, near), (left, near), (far, cut), (far, left), (left, far), (cut, far), (near, left), (near, cut))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(_UNSURE))
    painter.setBrush(QColor(_UNSURE))
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    _write(picture, "?", ink_on(_UNSURE))
    return QIcon(picture)


def _write(picture: QPixmap, key: str, colour: str) -> None:
    painter = QPainter(picture)
    font = painter.font()
    font.setPixelSize(SIDE - 4)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(picture.rect(), Qt.AlignmentFlag.AlignCenter, key)
    painter.end()
