"""Rows of label and widget that line up over several widgets of one dock."""

from magicgui.widgets import Container, Label, Widget
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.accessible import describe

_LABEL = 120  # pixels, for the longest of the labels
_GAP = 6  # pixels; by default it depends on what the rows are in


class Rows(Container):
    """Widgets one below the other, each behind its label; labels are equally wide in all rows of a dock."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__(labels=False)
        self.margins = (0, 0, 0, 0)
        self.native.layout().setSpacing(4)
        for widget in widgets:
            self.add(widget.label, widget)

    def add(self, label: str, *fields: Widget | QWidget) -> Container:
        """Add a row of one or more widgets, and return it."""
        words = Label(value=label)
        words.min_width = words.max_width = _LABEL
        row = Container(layout="horizontal", labels=False, widgets=[words])
        row.margins = (0, 0, 0, 0)
        row.native.layout().setSpacing(_GAP)
        for field in fields:
            if isinstance(field, Widget):
                row.append(field)
            else:
                row.native.layout().addWidget(field)
        for field in fields:
            describe(field.native if isinstance(field, Widget) else field, label)
        self.append(row)
        return row

    def show_row(self, field: Widget, shown: bool) -> None:
        """Show or hide the row of a widget."""
        next(row for row in self if field in row).visible = shown

    def align_top(self, field: Widget) -> None:
        """Put the label of a high widget beside its top; by default it is beside its middle."""
        row = next(row for row in self if field in row)
        row.native.layout().setAlignment(row[0].native, Qt.AlignmentFlag.AlignTop)


class RowBox(QWidget):
    """Rows as a widget of Qt, with signals of its own."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.rows = Rows(*widgets)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.rows.native)

    def reset_choices(self) -> None:
        """Ask for all choices again; what was chosen stays chosen where it is still offered."""
        self.rows.reset_choices()


def sentences(*, small: bool = False) -> QLabel:
    """Return a label that wraps, and that no long word (the name of a file) makes wider than its dock.

    Its text can be selected and copied by its menu, such as a command; keys stay with the canvas.
    """
    label = QLabel()
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if small:
        label.setStyleSheet("font-size: 11px")  # napari's style sheet overrules fonts
    return label


def review_words(waiting: int) -> str:
    """Return what stands on the button of a review: what it brings, and how many nobody has named."""
    return f"Review the least certain ({waiting:,})" if waiting else "All cells are reviewed"


def button(text: str, tip: str = "") -> QPushButton:
    """Return a button with some room around its text."""
    widget = QPushButton(text)
    widget.setToolTip(tip)
    widget.setMinimumWidth(widget.fontMetrics().horizontalAdvance(text) + 18)
    return widget
