"""The plot of losses."""

import pytest

from napari_hemalens.gui.widgets.loss_plot import LossPlot


@pytest.fixture
def plot(qtbot):
    made = LossPlot()
    qtbot.addWidget(made)
    made.resize(300, 70)
    return made


def painted(plot):
    """Return how many pixels have the blue of the line."""
    image = plot.grab().toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return sum(p.blue() - p.red() > 60 for p in pixels)


def test_losses_are_drawn_as_means_of_several_steps(plot):
    plot.show_losses([(step, 1000 / step) for step in range(1, 1001)])
    assert len(plot.points) == 200
    assert plot.points[0] == (5, pytest.approx((1000 + 500 + 1000 / 3 + 250 + 200) / 5))
    assert plot.points[-1][0] == 1000
    first, last = plot.place(*plot.points[0]), plot.place(*plot.points[-1])
    assert first.x() < last.x()
    assert first.y() < last.y()  # up is more
    assert painted(plot) > 100


def test_without_losses_nothing_is_shown(plot):
    plot.show_losses([(1, 0.0)])
    assert not plot.isHidden()
    plot.show_losses([])
    assert plot.isHidden()
    assert painted(plot) == 0
