"""What a person acts on can be reached by Tab in the order of reading, and has a name that is read aloud."""

import itertools
from collections.abc import Iterator

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLayout,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QSplitter,
    QWidget,
)

_KINDS = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractSlider, QAbstractItemView)
_WHOLE = (
    QComboBox,
    QAbstractSlider,
    QAbstractSpinBox,
    QAbstractItemView,
)  # with all that Qt makes inside of them


def interactive(root: QWidget) -> list[QWidget]:
    """Return all that a person acts on in a widget, itself among it; of a combo box or a table it is the whole."""
    found = [root, *root.findChildren(QWidget)]
    return [each for each in found if isinstance(each, _KINDS) and not _is_part(each)]


def name_of(widget: QWidget) -> str:
    """Return what is read aloud of a widget: what it is called, or the text of a button."""
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return str(widget.accessibleName() or text).strip()


def describe(root: QWidget, name: str) -> None:
    """Call all that has no name yet in the field of a row after its label, and let it share the field's tooltip."""
    parts = interactive(root)
    tips = [each.toolTip() for each in (root, *parts) if each.toolTip()]
    for each in parts:
        if not name_of(each):
            said = each.placeholderText() if isinstance(each, QLineEdit) and len(parts) == 1 else ""
            each.setAccessibleName(f"{name}, {said}" if said else name)
        if tips and not each.toolTip():
            each.setToolTip(tips[0])


def order_tabs(root: QWidget) -> None:
    """Let Tab go from the top to the bottom, and along rows."""
    own = root.focusPolicy()
    root.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # it comes first: Tab goes round, and Qt tells no circle from another
    for before, each in itertools.pairwise(_in_reading_order(root)):
        QWidget.setTabOrder(before, each)
    root.setFocusPolicy(own)


def reach_by_tab(widget: QWidget) -> None:
    """Let a widget have the keys once Tab has gone there; a click leaves them to the canvas, where they name cells."""
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if isinstance(widget, QAbstractItemView):
        widget.setTabKeyNavigation(False)  # Tab goes on


def _is_part(widget: QWidget) -> bool:
    if isinstance(widget, (QScrollBar, QHeaderView)):
        return True
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, _WHOLE):
            return True
        above = above.parentWidget()
    return False


def _in_reading_order(widget: QWidget) -> Iterator[QWidget]:
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield widget
        if isinstance(widget, _KINDS):
            return
    if isinstance(widget, QScrollArea) and widget.widget() is not None:
        yield from _in_reading_order(widget.widget())
    elif isinstance(widget, QSplitter):
        for place in range(widget.count()):
            yield from _in_reading_order(widget.widget(place))
    elif widget.layout() is not None:
        yield from _in_layout(widget.layout())


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        if item.widget() is not None:
            yield from _in_reading_order(item.widget())
        elif item.layout() is not None:
            yield from _in_layout(item.layout())
