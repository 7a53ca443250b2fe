"""Which axis of a layer is which: what napari knows of it, in the letters that slides are opened with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_hemalens.workflows.images import Frame, frame_indices, frame_text

_COLOURS = (1, 3, 4)
_CHANNEL = ("c", "ch", "channel", "channels", "colour", "color", "rgb")
_NAMED = {"time": "T", "frame": "T", "depth": "Z", "slice": "Z", "plane": "Z"}
_FRAMES = "TZUVW"


def axes_of(layer: Image) -> str:
    """Return one letter an axis: Y, X, C for the colour, others for frames, by the names of the axes where they tell.

    An RGB layer says it itself, and names of axes are believed. (3 or 4, Y, X) without names is taken for colours,
    which is how planar files come into napari: see `colours_guessed`.
    """
    before = layer.ndim - 2
    if not layer.rgb and _looks_planar(layer):
        return "CYX"
    names = [name.lower() for name in layer.axis_labels[:before]]
    told = [_told(name, colour=not layer.rgb) for name in names]
    told = [letter if told.index(letter) == i else "" for i, letter in enumerate(told)]
    free: Iterator[str] = (letter for letter in _FRAMES if letter not in told)
    return "".join(letter or next(free) for letter in told) + ("YXC" if layer.rgb else "YX")


def indices_on_screen(layer: Layer, point: Sequence[float]) -> tuple[int, ...]:
    """Return where the sliders stand in a layer: an index for each axis before the last two.

    Steps of a slider are no indices: it begins at the first of all layers, and steps as the finest one does. Where a
    layer ends before the slider does, the index lies outside of it, as nothing of it is on screen.

    Parameters
    ----------
    layer : Layer
        Any.
    point : sequence of float
        In world coordinates, as the viewer's `dims.point` is.
    """
    here = layer.world_to_data(point)[: layer.ndim - 2]
    return tuple(int(index) for index in np.rint(here))  # as napari rounds


def frame_of(layer: Image, point: Sequence[float]) -> tuple[int, ...]:
    """Return which frame is on screen: where the sliders stand (`indices_on_screen`), but for one along the colour."""
    letters = axes_of(layer)[: layer.ndim - 2]
    return tuple(i for i, letter in zip(indices_on_screen(layer, point), letters, strict=True) if letter != "C")


def frame_named(layer: Image, frame: Frame) -> tuple[int, ...]:
    """Return the frame of a layer that a person means, such as 'T=2,Z=5'.

    Raises
    ------
    ImageError
        If the layer has no such frame.
    """
    return tuple(frame_indices(_frame_sizes(layer), frame).values())


def frame_title(layer: Image, frame: Frame) -> str:
    """Return a frame of a layer in words, 'T=2,Z=5'; empty where the layer has one only.

    Raises
    ------
    ImageError
        If the layer has no such frame.
    """
    sizes = _frame_sizes(layer)
    return frame_text(sizes, frame_indices(sizes, frame))


def go_to_frame(viewer: ViewerModel, layer: Image, frame: tuple[int, ...]) -> None:
    """Move the sliders to a frame of a layer."""
    if frame_of(layer, viewer.dims.point) == frame:
        return
    axes = [i for i, letter in enumerate(axes_of(layer)[: layer.ndim - 2]) if letter != "C"]
    place = np.array(layer.world_to_data(viewer.dims.point))
    place[axes] = frame
    first, world = viewer.dims.ndim - layer.ndim, layer.data_to_world(place)
    viewer.dims.set_point([first + axis for axis in axes], [float(world[axis]) for axis in axes])


def colours_guessed(layer: Image) -> bool:
    """Return whether planes are taken for colours although the layer does not say so."""
    return not layer.rgb and _looks_planar(layer) and layer.level_shapes[0][0] > 1


def guess_in_words(layer: Image) -> str:
    """Return how planes were read whose axis has no name, and how to say otherwise; empty where nothing is guessed."""
    if not colours_guessed(layer):
        return ""
    return (
        f"Its {layer.level_shapes[0][0]} planes are taken for colours or channels: where they are slices or frames, "
        f"name their axis in napari's console, viewer.layers[{layer.name!r}].axis_labels = ('z', 'y', 'x')."
    )


def _frame_sizes(layer: Image) -> dict[str, int]:
    sizes = zip(axes_of(layer), layer.level_shapes[0], strict=False)
    return {letter: int(size) for letter, size in sizes if letter not in "YXC"}


def _told(name: str, *, colour: bool) -> str:
    """Return the letter that the name of an axis tells, or nothing."""
    if colour and name in _CHANNEL:
        return "C"
    if len(name) == 1 and name.isascii() and name.isalpha() and name.upper() not in "YXCS":
        return name.upper().replace("I", "T")
    return _NAMED.get(name, "")


def _looks_planar(layer: Image) -> bool:
    unnamed = layer.axis_labels[0].endswith("-3")  # '-3' or, in other releases, 'axis -3', until somebody names it
    return layer.ndim == 3 and unnamed and int(layer.level_shapes[0][0]) in _COLOURS


@contextmanager
def holding_sliders(viewer: ViewerModel | None) -> Iterator[None]:
    """Keep the sliders of a viewer where they are while boxes on an image change.

    A box at the border widens what napari's sliders reach by half a pixel. They then step to the nearest whole step,
    those of the two axes on screen too, and napari reads every image anew: of a large dask array, the window is dead
    for a second or more.
    """
    if viewer is None or not any(isinstance(layer, Image) for layer in viewer.layers):
        yield
        return
    with viewer.dims.events.blocker_all():
        yield
