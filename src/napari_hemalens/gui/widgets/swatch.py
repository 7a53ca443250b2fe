"""The colour of a class as an icon, with the key that gives the class."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

from napari_hemalens.records.palette import colour_of

SIDE = 15  # pixels


def swatch(name: str, key: str = "") -> QIcon:
    """Return a square in the colour of a class, its key in it."""
    colour = QColor(colour_of(name))
    square = QPixmap(SIDE, SIDE)
    square.fill(colour)
    if key:
        painter = QPainter(square)
        font = painter.font()
        font.setPixelSize(SIDE - 4)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("white" if colour.lightnessF() < 0.5 else "black"))
        painter.drawText(square.rect(), Qt.AlignmentFlag.AlignCenter, key)
        painter.end()
    return QIcon(square)
