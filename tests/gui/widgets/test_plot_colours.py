"""The line of a plot is seen on the ground of either theme, and above its grid."""

import pytest
from napari.utils.theme import get_theme

from napari_hemalens.gui.widgets.plot_colours import LINE, grid_colour
from napari_hemalens.records.contrast import SEEN, contrast

pytestmark = pytest.mark.window


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_line_is_seen_in_both_themes(theme):
    ground = get_theme(theme).background.as_hex(format="long")
    assert contrast(LINE, ground) >= SEEN


def test_the_grid_lies_behind_the_line():
    assert grid_colour().alpha() < 128
