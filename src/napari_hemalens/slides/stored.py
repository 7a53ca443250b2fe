"""What a file reader returns, before the axes are interpreted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_hemalens.slides.pixel_size import size_of_pixel


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
    steps_um : mapping of str to float
        Micrometres from one pixel of the finest level to the next along `Y` and `X`, and from one slice to the next
        along `Z`, as far as the file states them.
    channels : tuple of str
        Names of the channels along C, in their order, empty where one has none; empty if the file names none.
    release : callable or None
        Closes the file; None if none stays open.
    """

    levels: tuple[Any, ...]
    axes: str | None = None
    rgb: bool | None = None
    steps_um: Mapping[str, float] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    release: Callable[[], object] | None = None

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres per pixel of the finest level, if the file states it: of a square as large as a pixel."""
        return size_of_pixel(self.steps_um)
