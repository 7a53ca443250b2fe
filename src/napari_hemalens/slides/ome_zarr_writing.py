"""An image, and the labels of its cells, written as OME-Zarr: NGFF 0.4, https://ngff.openmicroscopy.org/0.4.

Pixels are those of the image as it is stored. They are read and written tile by tile, each level from the one before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_hemalens.progress import Progress, Steps
from napari_hemalens.slides.channels import named_as_colours
from napari_hemalens.slides.sample import sample_pixels
from napari_hemalens.slides.slide import COLOURS, Slide

CELLS = "cells"
"""Name of the labels, and of the table, of an image."""

_VERSION = "0.4"
_CHUNK = 512  # pixels a side
_TILE = 4 * _CHUNK  # pixels a side that are in memory at once
_RGB = ("FF0000", "00FF00", "0000FF")
_MAPS = ("FFFFFF", "00FF00", "FF00FF", "00FFFF", "FFFF00")  # of channels that are no colours

Read = Callable[[int, int, int, int], NDArray[Any]]
"""Returns the pixels of y0, x0, y1, x1."""


def write_image_steps(slide: Slide, group: zarr.Group) -> Steps[None]:
    """Write an image as a pyramid into an empty group of zarr 2; yields after every tile of the finest level.

    Axes are channel, y, x; an alpha channel is left out.
    """
    plane = slide.levels[0]
    height, width, stored = plane.shape
    channels = min(stored, len(COLOURS)) if not slide.channels else stored

    def read(y0: int, x0: int, y1: int, x1: int) -> NDArray[Any]:
        return np.moveaxis(plane[y0:y1, x0:x1][..., :channels], 2, 0)

    shape = (channels, height, width)
    paths = yield from _pyramid_steps(group, read, shape, plane.dtype, shrink=_mean)
    group.attrs.update(
        {
            "multiscales": [_multiscale(slide.name, paths, "cyx", slide.pixel_size_um)],
            "omero": {"channels": _channels(slide, channels)},
        }
    )


def write_labels_steps(
    labels: NDArray[Any],
    group: zarr.Group,
    *,
    properties: Sequence[Mapping[str, Any]],
    colours: Mapping[int, Sequence[int]],
    pixel_size_um: float | None,
) -> Steps[None]:
    """Write labels as a pyramid into `labels/cells` of the group of their image; yields after every tile.

    Parameters
    ----------
    labels : (H, W) int
        The number of each cell, 0 for none.
    group : zarr.Group
        That of the image.
    properties : sequence of mapping
        What is known of each cell; 'label-value' is its number.
    colours : mapping of int to sequence of int
        Red, green, blue and alpha of each cell in 0-255.
    pixel_size_um : float or None
        Micrometres a pixel.
    """
    parent = group.create_group("labels")
    parent.attrs["labels"] = [CELLS]
    own = parent.create_group(CELLS)

    def read(y0: int, x0: int, y1: int, x1: int) -> NDArray[Any]:
        return labels[y0:y1, x0:x1].astype(np.int32)

    paths = yield from _pyramid_steps(
        own, read, (labels.shape[0], labels.shape[1]), np.dtype(np.int32), shrink=_nearest
    )
    own.attrs.update(
        {
            "multiscales": [_multiscale(CELLS, paths, "yx", pixel_size_um)],
            "image-label": {
                "version": _VERSION,
                "colors": [{"label-value": number, "rgba": list(rgba)} for number, rgba in colours.items()],
                "properties": list(properties),
                "source": {"image": "../../"},
            },
        }
    )


def _pyramid_steps(
    group: zarr.Group,
    read: Read,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    shrink: Callable[[NDArray[Any]], NDArray[Any]],
) -> Steps[list[str]]:
    """Write levels, each half as large as the one before, until one chunk holds all; returns their paths."""
    paths: list[str] = []
    while True:
        *first, height, width = shape
        chunks = (*(1 for _ in first), min(_CHUNK, height), min(_CHUNK, width))
        level = group.create_array(
            str(len(paths)),
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )
        tiles = list(_tiles(height, width))
        for done, (y0, x0, y1, x1) in enumerate(tiles, start=1):
            level[..., y0:y1, x0:x1] = read(y0, x0, y1, x1)
            if not paths:
                yield Progress(done, len(tiles), f"tile {done:,} of {len(tiles):,} written")
        paths.append(level.basename)
        if max(height, width) <= _CHUNK or min(height, width) < 2:
            return paths
        read, shape = _halved(level, shrink), (*first, height // 2, width // 2)


def _halved(level: zarr.Array[Any], shrink: Callable[[NDArray[Any]], NDArray[Any]]) -> Read:
    def read(y0: int, x0: int, y1: int, x1: int) -> NDArray[Any]:
        return shrink(np.asarray(level[..., 2 * y0 : 2 * y1, 2 * x0 : 2 * x1]))

    return read


def _mean(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the means of squares of four pixels (..., 2 h, 2 w), in their type."""
    *first, height, width = pixels.shape
    means = pixels.reshape(*first, height // 2, 2, width // 2, 2).mean(axis=(-3, -1))
    shrunk: NDArray[Any] = (np.rint(means) if pixels.dtype.kind in "iub" else means).astype(pixels.dtype)
    return shrunk


def _nearest(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels[..., ::2, ::2]


def _tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    for y0, x0 in product(range(0, height, _TILE), range(0, width, _TILE)):
        yield y0, x0, min(y0 + _TILE, height), min(x0 + _TILE, width)


def _multiscale(name: str, paths: Sequence[str], axes: str, pixel_size_um: float | None) -> dict[str, Any]:
    unit = {} if pixel_size_um is None else {"unit": "micrometer"}
    size = pixel_size_um or 1.0
    return {
        "version": _VERSION,
        "name": name,
        "axes": [{"name": "c", "type": "channel"} if a == "c" else {"name": a, "type": "space", **unit} for a in axes],
        "datasets": [
            {
                "path": path,
                "coordinateTransformations": [
                    {"type": "scale", "scale": [1.0 if axis == "c" else size * 2.0**i for axis in axes]}
                ],
            }
            for i, path in enumerate(paths)
        ],
    }


def _channels(slide: Slide, channels: int) -> list[dict[str, Any]]:
    """Return what viewers need to know of each channel: name, colour, and the range that is shown."""
    coloured = channels == len(COLOURS) and (not slide.channels or named_as_colours(slide.channels))
    names = slide.channels or (COLOURS if coloured else ("",))
    kind = slide.levels[0].dtype
    sample = sample_pixels(slide.levels[-1])
    found = []
    for i, name in enumerate(names[:channels]):
        low, high = float(sample[:, i].min()), float(sample[:, i].max())
        limits = (float(np.iinfo(kind).min), float(np.iinfo(kind).max)) if kind.kind in "iu" else (low, high)
        start, end = limits if kind == np.uint8 else (low, max(high, low + 1))
        colour = _RGB[i] if coloured else _MAPS[i % len(_MAPS)]
        window = {"min": limits[0], "max": limits[1], "start": start, "end": end}
        found.append({"label": name, "color": colour, "active": True, "window": window})
    return found
