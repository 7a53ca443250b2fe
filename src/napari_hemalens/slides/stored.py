"""What a file reader returns, before the axes are interpreted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An image as stored in its file; its pixels are not read yet.

    Attributes
    ----------
    levels : tuple of array-like
        Finest first, in the file's own axes and values.
    axes : str or None
        One letter per axis, if the file states them.
    rgb : bool or None
        Whether the last axis is the colour, if the file states it.
    pixel_size_um : float or None
        Micrometres per pixel of the finest level, if the file states it.
    channels : tuple of str
        Names of the channels along C, in their order, empty where one has none; empty if the file names none.
    release : callable or None
        Closes the file; None if none stays open.
    """

    levels: tuple[Any, ...]
    axes: str | None = None
    rgb: bool | None = None
    pixel_size_um: float | None = None
    channels: tuple[str, ...] = ()
    release: Callable[[], object] | None = None
