"""Rows of label and widget that line up over several widgets of one dock."""

from qtpy.QtWidgets import QFormLayout, QLabel, QLayout, QPushButton, QWidget

_LABEL = 116  # pixels, for the longest of the labels
_GAP = 6  # pixels; by default it depends on what the rows are in


class Rows(QFormLayout):
    """A form whose labels are all equally wide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setVerticalSpacing(4)
        self.setHorizontalSpacing(_GAP)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def add(self, words: str, field: QWidget | QLayout) -> None:
        """Add a row."""
        label = QLabel(words)
        label.setFixedWidth(_LABEL)
        self.addRow(label, field)


def sentences(*, small: bool = False) -> QLabel:
    """Return a label that wraps, and that no long word (the name of a file) makes wider than its dock."""
    label = QLabel()
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    if small:
        label.setStyleSheet("font-size: 11px")  # napari's style sheet overrules fonts
    return label


def button(words: str) -> QPushButton:
    """Return a button with some room around its words."""
    widget = QPushButton(words)
    widget.setMinimumWidth(widget.fontMetrics().horizontalAdvance(words) + 18)
    return widget
