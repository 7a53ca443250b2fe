"""An image file as layers: every frame, channel and level, with the steps that the file states."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np

from napari_hemalens.gui.layers import LayerData
from napari_hemalens.workflows.images import Stored, infer_axes, named_as_colours, read_stored

_COLOURS = (3, 4)
_MAPS = ("cyan", "magenta", "yellow", "green", "red", "blue")
"""Colour maps of channels shown one over the other, in turn; a DNA stain alone is shown in grey."""


def image_layers(path: str | Path) -> list[LayerData]:
    """Return an image file as layers, read on demand: one, or one a channel where the file keeps channels apart.

    Frames (T, Z and the like) become sliders that bear their letter. Steps in micrometres become scale and units.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as an image.
    """
    stored = read_stored(path)
    axes = stored.axes or infer_axes(tuple(stored.levels[0].shape), stored.rgb)
    sizes = dict(zip(axes, stored.levels[0].shape, strict=True))
    if sizes.get("S") in _COLOURS or (sizes.get("C") in _COLOURS and _is_colour(stored, axes)):
        colour = "S" if "S" in sizes else "C"
        return [_layer(stored, axes, Path(path).name, index={}, colour=colour)]
    channels = [{"C": i} for i in range(sizes.get("C", 1))] if "C" in axes else [{}]
    names = stored.channels if len(stored.channels) == len(channels) else ("",) * len(channels)
    return [
        _layer(stored, axes, _title(Path(path).name, name, i, len(channels)), index=index, colour="")
        for i, (index, name) in enumerate(zip(channels, names, strict=True))
    ]


def _is_colour(stored: Stored, axes: str) -> bool:
    """Return whether channels are the colours of one picture: interleaved, named so, or planes without names."""
    interleaved = axes.index("C") > axes.index("Y")
    return interleaved or named_as_colours(stored.channels) or not any(stored.channels)


def _title(file: str, channel: str, number: int, count: int) -> str:
    return f"{file} {channel or f'channel {number}'}" if count > 1 else file


def _layer(stored: Stored, axes: str, name: str, *, index: Mapping[str, int], colour: str) -> LayerData:
    levels = [_arranged(level, axes, index, colour) for level in stored.levels]
    frames = [a for a in axes if a not in {"Y", "X", colour, *index}]
    shown = [*frames, "Y", "X"]
    attributes: dict[str, Any] = {
        "name": name,
        "rgb": bool(colour),
        "multiscale": len(levels) > 1,
        "axis_labels": tuple(axis.lower() for axis in shown),
        "metadata": {"channels": stored.channels} if stored.channels else {},
    }
    if stored.pixel_size_um is not None:
        attributes["scale"] = tuple(stored.steps_um.get(axis, 1.0) for axis in shown)
        attributes["units"] = tuple("um" if axis in stored.steps_um else "pixel" for axis in shown)
    if index and stored.levels[0].shape[axes.index("C")] > 1:
        attributes |= {"blending": "additive", "colormap": _MAPS[index["C"] % len(_MAPS)]}
    return levels if len(levels) > 1 else levels[0], attributes, "image"


def _arranged(level: Any, axes: str, index: Mapping[str, int], colour: str) -> Any:
    """Return one level with its channel taken, frames first and colours last; pixels stay where they are."""
    lazy = level if isinstance(level, np.ndarray) else da.from_array(level, name=False)
    part = lazy[tuple(_taken(axes, index))]
    left = [axis for axis in axes if axis not in index]
    order = [a for a in left if a not in {"Y", "X", colour}] + ["Y", "X", *colour]
    return part.transpose([left.index(axis) for axis in order])


def _taken(axes: str, index: Mapping[str, int]) -> Iterator[int | slice]:
    for axis in axes:
        yield index.get(axis, slice(None))
