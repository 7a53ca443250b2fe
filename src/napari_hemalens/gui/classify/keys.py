"""The keys of a review, on the layer that is reviewed, for as long as it is."""

from collections.abc import Callable, Mapping
from typing import Protocol

from napari.layers import Labels


class ClassReviewer(Protocol):
    """Who is told what a person says of the cell that is looked at."""

    def press(self, number: int) -> None:
        """Give it the class of a key in 1-9."""

    def accept(self) -> None:
        """Let the class stand that the classifier says."""

    def undo(self) -> None:
        """Take the last word back."""

    def end_review(self) -> None:
        """Look at no more cells."""


def bind(layer: Labels, judge: ClassReviewer) -> None:
    """Let a layer answer 1-9, Space, U, Ctrl+Z and Escape."""
    for key, act in _keys(judge).items():
        layer.bind_key(key, act, overwrite=True)


def unbind(layer: Labels) -> None:
    """Give the keys back to napari."""
    for key in _KEYS:
        layer.bind_key(key, None)


_NUMBERS = tuple(str(number) for number in range(1, 10))
_KEYS = (*_NUMBERS, "Space", "U", "Control-Z", "Escape")


def _keys(judge: ClassReviewer) -> Mapping[str, Callable[[Labels], None]]:
    def pressing(number: int) -> Callable[[Labels], None]:
        return lambda _: judge.press(number)

    others: tuple[Callable[[Labels], None], ...] = (
        lambda _: judge.accept(),
        lambda _: judge.undo(),
        lambda _: judge.undo(),
        lambda _: judge.end_review(),
    )
    return dict(zip(_KEYS, (*(pressing(int(key)) for key in _NUMBERS), *others), strict=True))
