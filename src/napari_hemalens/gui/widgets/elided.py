"""Long names: what there is no room for is left out, where Qt would cut letters through; the tooltip has the whole."""

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
)

_MARGIN = 6  # pixels that style sheets keep free beside the text
_BESIDE_ICON = 4  # pixels between an icon and the text


class ElidedButton(QPushButton):
    """A button whose text ends in dots where it is too long; it needs a tooltip with the whole."""

    def paintEvent(self, _: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Draw the button with what there is room for."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()

    @property
    def shown(self) -> str:
        """The text as there is room for it."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        icon = 0 if self.icon().isNull() else self.iconSize().width() + _BESIDE_ICON
        return str(
            self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, place.width() - icon - _MARGIN)
        )


class Elided(QObject):
    """Draws the text of a combo box, which Qt would cut off at the end: names of one study begin alike."""

    def __init__(self, box: QComboBox) -> None:
        super().__init__(box)
        self._box = box
        box.installEventFilter(self)

    def eventFilter(self, _: QObject | None, event: Any) -> bool:  # noqa: N802 -- Qt's name
        """Draw the box in place of Qt, and put a name that is cut before what its tooltip says."""
        if event.type() == QEvent.Type.Paint:
            self._draw()
            return True
        return bool(event.type() == QEvent.Type.ToolTip and self._tell(event))

    def _draw(self) -> None:
        option = self._option()
        painter = QStylePainter(self._box)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.shown(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def _tell(self, event: Any) -> bool:
        """Say a name that is cut, and what it is of; return whether it is cut."""
        whole = self._box.currentText()
        if self.shown(self._option()) == whole:
            return False
        QToolTip.showText(event.globalPos(), "\n".join(filter(None, (whole, self._box.toolTip()))), self._box)
        return True

    def shown(self, option: QStyleOptionComboBox) -> str:
        """Return the text as there is room for it."""
        field = QStyle.SubControl.SC_ComboBoxEditField
        place = self._box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self._box)
        room = place.width() - _MARGIN
        whole = self._box.currentText()
        return str(self._box.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideMiddle, room))

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self._box.initStyleOption(option)
        return option
