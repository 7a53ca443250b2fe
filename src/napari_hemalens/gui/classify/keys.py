"""The keys of a review, on the layer that is reviewed, for as long as it is."""

from collections.abc import Callable, Mapping
from typing import Protocol

from napari.layers import Labels

from napari_hemalens.gui.classes import KEYS


class ClassReviewer(Protocol):
    """Who is told what a person says of the cell that is looked at."""

    def press(self, key: str) -> None:
        """Give it the class of a key."""

    def accept(self) -> None:
        """Let the class stand that the classifier says."""

    def look_at_next(self) -> None:
        """Pass it over."""

    def undo(self) -> None:
        """Take the last word back."""

    def redo(self) -> None:
        """Say it again."""

    def end_review(self) -> None:
        """Look at no more cells."""


def bind(layer: Labels, reviewer: ClassReviewer) -> None:
    """Let a layer answer the keys of classes, Space, N, U, Ctrl+Z, Ctrl+Y and Escape."""
    for key, act in _keys(reviewer).items():
        layer.bind_key(key, act, overwrite=True)


def unbind(layer: Labels) -> None:
    """Give the keys back to napari."""
    for key in _KEYS:
        layer.bind_key(key, None)


_KEYS = (*KEYS, "Space", "N", "U", "Control-Z", "Control-Y", "Control-Shift-Z", "Escape")


def _keys(reviewer: ClassReviewer) -> Mapping[str, Callable[[Labels], None]]:
    def pressing(key: str) -> Callable[[Labels], None]:
        return lambda _: reviewer.press(key)

    others: tuple[Callable[[Labels], None], ...] = (
        lambda _: reviewer.accept(),
        lambda _: reviewer.look_at_next(),
        lambda _: reviewer.undo(),
        lambda _: reviewer.undo(),
        lambda _: reviewer.redo(),
        lambda _: reviewer.redo(),
        lambda _: reviewer.end_review(),
    )
    return dict(zip(_KEYS, (*map(pressing, KEYS), *others), strict=True))
