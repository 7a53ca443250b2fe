"""What a reader of files hands over, before its axes are made sense of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An image as its file has it; its pixels are not read yet.

    Attributes
    ----------
    levels : tuple of array-like
        Finest first, in the file's own axes and values.
    axes : str or None
        One letter an axis, where the file says so.
    rgb : bool or None
        Whether the last axis is the colour, where the file says so.
    pixel_size_um : float or None
        Micrometres per pixel of the finest level, where the file says so.
    release : callable or None
        Closes the file; None where none stays open.
    """

    levels: tuple[Any, ...]
    axes: str | None = None
    rgb: bool | None = None
    pixel_size_um: float | None = None
    release: Callable[[], object] | None = None
