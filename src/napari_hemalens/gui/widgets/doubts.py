"""What speaks against a result stands above it, where nobody overlooks it."""

from collections.abc import Sequence

from qtpy.QtWidgets import QLabel

from napari_hemalens.gui.widgets.rows import sentences

DOUBTFUL = "#d98200"
"""Behind black letters, which are read on it in either theme."""


def doubts_label() -> QLabel:
    """Return a label that stands out; hidden until there is something to say."""
    label = sentences()
    label.setStyleSheet(f"background: {DOUBTFUL}; color: black; padding: 3px; border-radius: 3px")
    label.hide()
    return label


def show_doubts(label: QLabel, notes: Sequence[str]) -> None:
    """Show notes in a label, or hide it where there are none."""
    label.setText("\n".join(notes))
    label.setVisible(bool(notes))
