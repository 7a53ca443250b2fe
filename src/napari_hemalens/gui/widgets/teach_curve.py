"""Accuracy on the random cells against labels, as a small plot."""

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from napari_hemalens.gui.widgets.plot_colours import LINE, grid_colour
from napari_hemalens.workflows.teaching import CurvePoint, LearningCurve

_HEIGHT = 84  # pixels
_LEFT, _RIGHT, _ABOVE, _BELOW = 42, 12, 6, 14


class CurvePlot(QWidget):
    """Accuracy from 0 to 100 % with its 95 % interval; nothing is drawn as long as nothing is measured."""

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[CurvePoint, ...] = ()
        self.setFixedHeight(_HEIGHT)
        self.setToolTip("Share of the random cells that is named rightly, with 95 % intervals, against labels")

    def show_curve(self, curve: LearningCurve) -> None:
        """Draw another curve."""
        self.points = tuple(point for point in curve.points if point.tested)
        self.setVisible(bool(self.points))
        self.update()

    def place(self, labels: int, share: float) -> QPointF:
        """Return where a point lies in the widget."""
        most = max(self.points[-1].labels, 1)
        x = _LEFT + (self.width() - _LEFT - _RIGHT) * labels / most
        return QPointF(x, _ABOVE + (self.height() - _ABOVE - _BELOW) * (1 - share))

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 -- Qt's
        """Draw axes, intervals and the line."""
        if not self.points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        words = self.palette().text().color()
        last = self.points[-1].labels
        for share in (0.0, 0.5, 1.0):
            at = self.place(0, share)
            painter.setPen(QPen(grid_colour()))
            painter.drawLine(at, self.place(last, share))
            painter.setPen(words)
            painter.drawText(QRectF(0, at.y() - 7, _LEFT - 4, 14), _RIGHT_MIDDLE, f"{share:.0%}")
        below = QRectF(self.width() - 104, self.height() - _BELOW, 100, _BELOW)
        painter.drawText(below, _RIGHT_MIDDLE, f"{last:,} labels")
        self._draw_line(painter)
        painter.end()

    def _draw_line(self, painter: QPainter) -> None:
        places = [self.place(point.labels, point.accuracy) for point in self.points]
        painter.setPen(QPen(QColor(LINE), 1))
        for point in self.points:
            low, high = point.interval
            painter.drawLine(self.place(point.labels, low), self.place(point.labels, high))
        painter.setPen(QPen(QColor(LINE), 2))
        painter.drawPolyline(places)
        painter.setBrush(QColor(LINE))
        for place in places:
            painter.drawEllipse(place, 2.5, 2.5)


_RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
