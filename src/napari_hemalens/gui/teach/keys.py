"""The keys of *Teach*: the same on the circles and in the dock."""

from collections.abc import Callable, Mapping
from typing import Protocol

from napari.layers import Layer


class Teacher(Protocol):
    """Who is told what a person says of the cell that is shown."""

    def press(self, key: str) -> None:
        """Give it the class of a key."""

    def skip(self) -> None:
        """Pass it over."""

    def not_sure(self) -> None:
        """Say that it cannot be told."""

    def undo(self) -> None:
        """Take the last word back."""

    def redo(self) -> None:
        """Say it again."""


OTHERS: Mapping[str, str] = {
    "N": "skip",
    "Space": "skip",
    "-": "not_sure",
    "U": "undo",
    "Backspace": "undo",
    "Control-Z": "undo",
    "Control-Y": "redo",
    "Control-Shift-Z": "redo",
}
"""Keys that give no class, and what they do; N and U as in all docks, unless a class of the project has them."""


def others(class_keys: Mapping[str, str]) -> Mapping[str, str]:
    """Return the keys that give no class, where classes have these keys by their names."""
    taken = {key.upper() for key in class_keys.values()}
    return {key: name for key, name in OTHERS.items() if key not in taken}


def bind(layer: Layer, teacher: Teacher, class_keys: Mapping[str, str]) -> None:
    """Let a layer answer the keys of classes, by their names, and the others; those bound before are given back.

    Digits that no class has yet do nothing: to napari they are tools, with which the next click would add a circle.
    """
    for key in [*layer.keymap]:
        layer.bind_key(key, None)
    for key in filter(None, {*"1234567890", *class_keys.values()}):
        layer.bind_key(key, _pressing(teacher, key), overwrite=True)
    for key, name in others(class_keys).items():
        layer.bind_key(key, _doing(teacher, name), overwrite=True)


def _pressing(teacher: Teacher, key: str) -> Callable[[Layer], None]:
    return lambda _: teacher.press(key)


def _doing(teacher: Teacher, name: str) -> Callable[[Layer], None]:
    return lambda _: getattr(teacher, name)()
