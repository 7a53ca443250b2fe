"""magicgui's widgets for the fields of pydantic options."""

from types import NoneType
from typing import Any, Literal, get_args, get_origin

from magicgui.widgets import FloatSlider, LineEdit, Widget, create_widget
from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt
from qtpy.QtGui import QDoubleValidator, QIntValidator
from qtpy.QtWidgets import QAbstractSpinBox

from napari_hemalens.gui.widgets.choices import Choice

_MOST = 1_000_000
_DIGITS = 34  # pixels, for 0.00


class NumberEdit(LineEdit):
    """A number as text, so that it may be left out, and typed with a decimal comma.

    Parameters
    ----------
    kind : type
        `int` or `float`.
    empty : str
        What is shown where there is no number: it says what holds then.
    """

    def __init__(self, *, kind: type[int] | type[float] = float, empty: str = "", **options: Any) -> None:
        self._kind = kind
        super().__init__(**options)
        self.native.setValidator(QIntValidator() if kind is int else QDoubleValidator())
        self.native.setPlaceholderText(empty)
        self.native.setAlignment(Qt.AlignmentFlag.AlignRight)

    def get_value(self) -> Any:
        """Return the number, None where there is none, or the text where it is no number: the options refuse it."""
        typed = self.native.text().replace(",", ".")
        try:
            return self._kind(typed) if typed else None
        except ValueError:
            return typed

    def set_value(self, value: float | None) -> None:
        """Show a number, or none."""
        self.native.setText("" if value is None else f"{value:.6g}")


class OptionalTextEdit(LineEdit):
    """A text that may be left out: what is empty has the value None."""

    def get_value(self) -> str | None:
        """Return the text, None where there is none."""
        return self.native.text() or None

    def set_value(self, value: str | None) -> None:
        """Show a text, or none."""
        self.native.setText(value or "")


class Slider(FloatSlider):
    """A slider whose number takes no more room than its digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        digits = self.native.findChild(QAbstractSpinBox)
        # napari's style sheet overrules widths that are set otherwise.
        digits.setStyleSheet(
            f"{digits.styleSheet()} min-width: {_DIGITS}px; max-width: {_DIGITS}px; padding: 0; margin: 0"
        )


def label_of(name: str, field: FieldInfo) -> str:
    """Return what an option is called: its title, else its name in words."""
    return field.title or name.replace("_", " ").capitalize()


def widget_for(name: str, field: FieldInfo) -> Widget:
    """Return the widget that suits the type of an option, with its description as tooltip."""
    kinds = get_args(field.annotation)
    optional = NoneType in kinds
    kind: Any = next(k for k in kinds if k is not NoneType) if optional else field.annotation
    options: dict[str, Any] = {"tooltip": field.description}
    if get_origin(kind) is Literal:
        options |= {"widget_type": Choice, "choices": [(str(value), value) for value in get_args(kind)]}
        options |= {"none": "default"} if optional else {}
    elif kind is float or (kind is int and optional):
        options |= {"widget_type": NumberEdit, "kind": kind, "empty": "default" if optional else ""}
    elif kind is int:
        options |= {"min": _limit(field, "ge", 0), "max": _limit(field, "le", _MOST)}
    elif kind is str and optional:
        options |= {"widget_type": OptionalTextEdit}
    elif kind is bool:
        options |= {"text": " "}  # the row has a label already
    made: Widget = create_widget(name=name, annotation=kind, options=options)
    return made


def _limit(field: FieldInfo, which: str, otherwise: int) -> int:
    """Return the least (`ge`) or greatest (`le`) number that an option may be."""
    return next((getattr(each, which) for each in field.metadata if hasattr(each, which)), otherwise)
