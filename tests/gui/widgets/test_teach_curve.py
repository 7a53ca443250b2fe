"""The plot of accuracy against labels."""

import pytest

from napari_hemalens.active_learning.learning_curve import CurvePoint, LearningCurve
from napari_hemalens.gui.widgets.teach_curve import CurvePlot


@pytest.fixture
def plot(qtbot):
    made = CurvePlot()
    qtbot.addWidget(made)
    made.resize(300, 84)
    return made


def painted(plot):
    """Return how many pixels have the blue of the line."""
    image = plot.grab().toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return sum(p.blue() - p.red() > 60 for p in pixels)


def test_points_lie_by_labels_and_accuracy(plot):
    plot.show_curve(LearningCurve((CurvePoint(0, 0, 0), CurvePoint(10, 5, 10), CurvePoint(40, 18, 20))))
    assert [point.labels for point in plot.points] == [10, 40]  # nothing was measured at the first
    first, last = plot.place(10, 0.5), plot.place(40, 0.9)
    assert plot.place(0, 0).x() < first.x() < last.x() < plot.width()
    assert 0 < plot.place(0, 1).y() < last.y() < first.y() < plot.place(0, 0).y() < plot.height()
    assert painted(plot) > 100


def test_a_curve_of_one_point_is_drawn(plot):
    plot.show_curve(LearningCurve((CurvePoint(0, 1, 1),)))
    assert painted(plot) > 5


def test_without_points_nothing_is_shown(plot):
    plot.show_curve(LearningCurve())
    assert plot.isHidden()
    assert painted(plot) == 0
