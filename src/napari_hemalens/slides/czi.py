"""Zeiss CZI, read region by region, at any scale, by Zeiss' own library: colours, or channels of grey."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.extras import optional_module
from napari_hemalens.slides.pixel_size import steps_along
from napari_hemalens.slides.stored import Stored

_FRAMES = "TCZ"
_SMALLEST = 1024  # pixels: sides of the coarsest level are about that
_TYPES = {
    "Gray8": np.uint8,
    "Gray16": np.uint16,
    "Gray32Float": np.float32,
    "Bgr24": np.uint8,
    "Bgr48": np.uint16,
    "Bgr96Float": np.float32,
}


@dataclass(frozen=True, slots=True, eq=False)
class CziLevel:
    """An image at a scale of 1 to `factor`: its frames and channels, Y, X, and S where it is in colour.

    Attributes
    ----------
    reader : pylibCZIrw.czi.CziReader
        The open file.
    frames : str
        The letters of the axes before Y and X: those of T, C and Z that are longer than 1.
    shape : tuple of int
        Length of each axis.
    dtype : numpy.dtype
        Of the values.
    corner : (int, int)
        Where the image begins in the coordinates of the file, which may be negative: y, x at full scale.
    factor : int
        Pixels at full scale for one of this level.
    """

    reader: Any
    frames: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    corner: tuple[int, int]
    factor: int

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, index: tuple[Any, ...]) -> NDArray[Any]:
        """Return a part, by a slice or a number for each frame axis, and slices of the others."""
        asked, n = [index[k] if k < len(index) else slice(None) for k in range(self.ndim)], len(self.frames)
        places = [[each] if isinstance(each, int) else range(self.shape[k])[each] for k, each in enumerate(asked[:n])]
        rows, columns = (range(side)[part] for side, part in zip(self.shape[n : n + 2], asked[n : n + 2], strict=True))
        planes = [self._plane(dict(zip(self.frames, place, strict=True)), rows, columns) for place in product(*places)]
        inner = planes[0].shape if planes else (len(rows), len(columns), *self.shape[n + 2 :])
        stacked = np.array(planes, dtype=self.dtype).reshape(*map(len, places), *inner)
        single = tuple(0 if isinstance(each, int) else slice(None) for each in asked[:n])
        return stacked[(*single, slice(None), slice(None), *asked[n + 2 :])]

    def _plane(self, frame: Mapping[str, int], rows: range, columns: range) -> NDArray[Any]:
        (y, x), f, colours = self.corner, self.factor, self.shape[len(self.frames) + 2 :]
        if not rows or not columns:
            return np.zeros((len(rows), len(columns), *colours), self.dtype)
        roi = (x + columns.start * f, y + rows.start * f, (columns[-1] + 1 - columns.start) * f)
        pixels: NDArray[Any] = self.reader.read(
            plane=frame,
            roi=(*roi, (rows[-1] + 1 - rows.start) * f),
            zoom=1 / f,
            background_pixel=(1.0, 1.0, 1.0) if colours else (0.0, 0.0, 0.0),  # glass, or nothing that shines
        )
        part = pixels[:: rows.step, :: columns.step]
        return part[..., ::-1] if colours else part[..., 0]


def read_czi(path: Path) -> Stored:
    """Open an image with levels at 1, 1/2, 1/4 … of its scale, for which the pyramid in the file is used.

    Raises
    ------
    ImageError
        If pylibCZIrw is not installed, or values are of a type that is no image.
    """
    reader = optional_module("pylibCZIrw.czi", "CZI", "slides").CziReader(str(path))
    box, place = reader.total_bounding_box, reader.total_bounding_rectangle
    kind = next(iter(reader.pixel_types.values()), "none")
    if kind not in _TYPES:
        reader.close()
        raise ImageError(f"its pixels are of the type {kind}. Known: {', '.join(_TYPES)}.")
    several = {axis: box[axis][1] for axis in _FRAMES if axis in box and box[axis][1] > 1}
    frames, lengths = "".join(several), tuple(several.values())
    colour = (3,) if kind.startswith("Bgr") else ()
    dtype, factors = np.dtype(_TYPES[kind]), [1]
    while max(place.h, place.w) // factors[-1] > _SMALLEST and min(place.h, place.w) // factors[-1] > 1:
        factors.append(factors[-1] * 2)
    described = reader.metadata.get("ImageDocument", {}).get("Metadata", {})
    return Stored(
        tuple(
            CziLevel(reader, frames, (*lengths, place.h // f, place.w // f, *colour), dtype, (place.y, place.x), f)
            for f in factors
        ),
        axes=f"{frames}YX{'S' if colour else ''}",
        steps_um=_steps(described),
        channels=() if colour else _channels(described),
        release=reader.close,
    )


def _steps(described: Mapping[str, Any]) -> dict[str, float]:
    listed = _listed(described, "Scaling", "Items", "Distance")
    return steps_along({str(each.get("@Id")): (each.get("Value"), "m") for each in listed})


def _channels(described: Mapping[str, Any]) -> tuple[str, ...]:
    listed = _listed(described, "Information", "Image", "Dimensions", "Channels", "Channel")
    return tuple(str(each.get("@Name", "")) for each in listed)


def _listed(described: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return the elements at a place of the metadata, of which one alone is no list."""
    found: Any = described
    for name in path:
        found = (found or {}).get(name)
    return found if isinstance(found, list) else [found] if found else []
