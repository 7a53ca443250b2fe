"""The loss of a training against its steps, as a small plot."""

from collections.abc import Sequence

from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from napari_hemalens.gui.widgets.plot_colours import LINE, grid_colour

_HEIGHT = 70  # pixels
_LEFT, _AROUND = 34, 8
_MOST = 200  # points that are drawn, each the mean of several steps


class LossPlot(QWidget):
    """Losses from 0 up; nothing is drawn as long as there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[tuple[float, float], ...] = ()
        self.setFixedHeight(_HEIGHT)
        self.setToolTip("Loss against steps: as long as it falls, the network learns")
        self.hide()

    def show_losses(self, losses: Sequence[tuple[int, float]]) -> None:
        """Draw other losses, by their steps."""
        every = max(1, -(-len(losses) // _MOST))
        parts = [losses[start : start + every] for start in range(0, len(losses), every)]
        self.points = tuple((part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts)
        self.setVisible(bool(self.points))
        self.update()

    def place(self, step: float, loss: float) -> QPointF:
        """Return where a point lies in the widget."""
        last, most = max(self.points[-1][0], 1), max(1e-9, *(loss for _, loss in self.points))
        x = _LEFT + (self.width() - _LEFT - _AROUND) * step / last
        return QPointF(x, _AROUND + (self.height() - 2 * _AROUND) * (1 - loss / most))

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 -- Qt's
        """Draw the ground line, the highest loss, and the losses."""
        if not self.points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        last, most = self.points[-1][0], max(loss for _, loss in self.points)
        painter.setPen(QPen(grid_colour()))
        painter.drawLine(self.place(0, 0), self.place(last, 0))
        painter.setPen(self.palette().text().color())
        for loss in (0.0, most):
            painter.drawText(QPointF(2, self.place(0, loss).y() + 5), f"{loss:.2f}")
        painter.setPen(QPen(QColor(LINE), 1.5))
        painter.drawPolyline([self.place(*point) for point in self.points])
        painter.end()
