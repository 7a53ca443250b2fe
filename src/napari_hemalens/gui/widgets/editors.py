"""One small widget an option, read and written the same way whatever it looks like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt
from qtpy.QtGui import QDoubleValidator, QIntValidator
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Editor:
    """A widget for one option.

    Attributes
    ----------
    widget : QWidget
        What is shown.
    read, write : callable
        Return the value; show a value.
    changed : bound signal
        Emitted when a person, or `write`, changes the value.
    """

    widget: QWidget
    read: Callable[[], Any]
    write: Callable[[Any], None]
    changed: Any


def choice(options: Mapping[Any, str]) -> Editor:
    """Choose one of some values, each with its words."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    for value, words in options.items():
        box.addItem(words, value)

    def write(value: Any) -> None:
        if box.findData(value) < 0:
            box.addItem(str(value), value)
        box.setCurrentIndex(box.findData(value))

    return Editor(box, box.currentData, write, box.currentIndexChanged)


def offer_devices(editor: Editor, devices: Sequence[tuple[str, str]]) -> None:
    """Offer the devices of this machine in a `choice`, in words; the first is the fastest."""
    chosen = editor.read()
    editor.widget.clear()
    for name, words in (("auto", devices[0][1]), *devices[1:]):
        editor.widget.addItem(words, name)
    editor.write(chosen)


def whole_number(least: int) -> Editor:
    """Type a whole number."""
    box = QSpinBox()
    box.setRange(least, _MOST)
    return Editor(box, box.value, box.setValue, box.valueChanged)


def number(kind: type[int] | type[float] = float, *, empty: str | None = None) -> Editor:
    """Type a number; with `empty`, no number is a value too, and these words stand for it."""
    line = QLineEdit()
    line.setValidator(QIntValidator() if kind is int else QDoubleValidator())
    line.setPlaceholderText(empty or "")
    line.setAlignment(Qt.AlignmentFlag.AlignRight)

    def read() -> float | str | None:
        typed: str = line.text().replace(",", ".")  # as half of Europe types it
        try:
            return kind(typed) if typed else None
        except ValueError:
            return typed  # half a number, as '-' or '1e': the recipe says in a sentence what is wrong

    return Editor(line, read, lambda value: line.setText("" if value is None else f"{value:.6g}"), line.textChanged)


def switch() -> Editor:
    """Tick or not."""
    box = QCheckBox()
    return Editor(box, box.isChecked, box.setChecked, box.toggled)


def text() -> Editor:
    """Type a text."""
    line = QLineEdit()
    return Editor(line, line.text, line.setText, line.textChanged)


def editor_for(field: FieldInfo) -> Editor:
    """Return the editor that suits the type of an option."""
    kinds = get_args(field.annotation)
    optional = NoneType in kinds
    kind = next(k for k in kinds if k is not NoneType) if optional else field.annotation
    if get_origin(kind) is Literal:
        return choice({value: str(value) for value in get_args(kind)})
    if kind is bool:
        return switch()
    if kind is int and not optional:
        return whole_number(next((m.ge for m in field.metadata if hasattr(m, "ge")), 0))
    if kind is int or kind is float:
        return number(int if kind is int else float, empty="default" if optional else None)
    return text()
