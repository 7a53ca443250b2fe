"""Colours of small plots, which are seen on dark and on light themes alike; their letters have those of the theme."""

from qtpy.QtGui import QColor

LINE = "#3b82c4"
"""Of what is measured."""


def grid_colour() -> QColor:
    """Return the colour of lines that only guide the eye."""
    return QColor(128, 128, 128, 90)
