"""A slide: an image of any size, read piece by piece as 8-bit RGB."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.slides.contrast import Contrast
from napari_hemalens.slides.frames import frame_text
from napari_hemalens.slides.plane import Plane

COLOURS = ("red", "green", "blue")
"""Names of the channels of a picture in colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An image, or a pyramid of the same image at several sizes, finest first.

    Attributes
    ----------
    name : str
        Path of the file, or name of the layer; may be empty.
    levels : tuple of Plane
        Finest first. Reading one by slices gives the values as stored.
    pixel_size_um : float or None
        Micrometres per pixel of level 0; None where it is not known.
    contrast : Contrast
        How values become 8 bits; one rule for the whole slide.
    channels : tuple of str
        Names of the channels that the image keeps apart, empty where one has none; an empty tuple for grey, and for a
        picture in colour.
    release : callable or None
        Closes the file behind the levels, which otherwise happens when they are garbage-collected;
        None if no file is open.
    guessed : str
        How axes that nobody named were read, and how to say otherwise, in a sentence; empty where nothing was guessed.
    """

    name: str
    levels: tuple[Plane, ...]
    pixel_size_um: float | None = None
    contrast: Contrast = field(default_factory=Contrast)
    channels: tuple[str, ...] = ()
    release: Callable[[], object] | None = field(default=None, repr=False)
    guessed: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of level 0."""
        return self.levels[0].shape[:2]

    @property
    def frame(self) -> str:
        """Which frame of the image this is, as 'T=2,Z=5'; empty where it has one only."""
        finest = self.levels[0]
        sizes = dict(zip(finest.axes, finest.source.shape, strict=True))
        return frame_text({axis: int(sizes[axis]) for axis in finest.frame}, finest.frame)

    @property
    def downsamples(self) -> tuple[float, ...]:
        """Downsampling factor of each level, 1 for level 0."""
        return tuple(_downsample(self.shape, level.shape[:2]) for level in self.levels)

    def best_level(self, scale: float) -> int:
        """Return the coarsest level with at least `scale` pixels per level-0 pixel."""
        fine = [i for i, factor in enumerate(self.downsamples) if factor * scale <= 1 + 1e-6]
        return max(fine, default=0)

    def read(self, y0: int, x0: int, y1: int, x1: int, *, level: int = 0) -> NDArray[np.uint8]:
        """Return a region as RGB.

        Parameters
        ----------
        y0, x0, y1, x1 : int
            The region in pixels of `level`; the far edge is excluded.
        level : int
            Index into `levels`.

        Returns
        -------
        (y1 - y0, x1 - x0, 3) uint8
            A copy, which may be written to.

        Raises
        ------
        ImageError
            If there is no such level, the region is empty or not entirely inside it, or the file
            cannot be read.
        """
        if not 0 <= level < len(self.levels):
            raise ImageError(f"No level {level} in {self}: it has {len(self.levels)}, from 0.")
        plane = self.levels[level]
        height, width, channels = plane.shape
        if channels not in (1, 3, 4):
            raise ImageError(
                f"{self} has {channels} channels, which are no colours. Stained cells need red, green and blue; of a "
                f"DNA stain {self.listed_channels}"
            )
        if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
            raise ImageError(
                f"Region y {y0} to {y1}, x {x0} to {x1} is empty or not inside level {level} of "
                f"{self}, which is {height} x {width} pixels."
            )
        with decoding(f"Cannot read y {y0} to {y1}, x {x0} to {x1} of {self}, level {level}", ImageError):
            return self.contrast(plane[y0:y1, x0:x1])

    def with_light(self, light: int | tuple[float, ...]) -> Self:
        """Return the slide in grey: one of its stored channels by its index, or a weighted sum of them."""
        levels = tuple(replace(level, light=light) for level in self.levels)
        return replace(self, levels=levels, contrast=Contrast.from_level(levels[-1]))

    @property
    def listed_channels(self) -> str:
        """What asks for one of the channels, which it lists."""
        names = self.channels or COLOURS
        listed = ", ".join(f"{i} {name}".strip() for i, name in enumerate(names))
        return f"choose one as channel (--channel), by its name or number: {listed}. {self.guessed}".rstrip()

    def close(self) -> None:
        """Close the file behind the slide, if any; nothing can be read from it afterwards."""
        if self.release is not None:
            self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        return self.name or "the image"


def _downsample(full: tuple[int, int], level: tuple[int, int]) -> float:
    """Return the downsampling factor from the shape `full` to `level`.

    Pyramids have whole factors and sides rounded to whole pixels: with the mere ratio of the sides,
    a cell at the far end of a large slide would be off by tens of pixels.
    """
    exact = (full[0] / level[0] + full[1] / level[1]) / 2
    whole = round(exact)
    if all(abs(side / whole - part) < 1 for side, part in zip(full, level, strict=True)):
        return float(whole)
    return exact
