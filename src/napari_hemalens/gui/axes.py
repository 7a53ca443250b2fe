"""Which axis of a layer is which: what napari knows of it, in the letters that slides are opened with."""

from napari.layers import Image

_COLOURS = (1, 3, 4)
_CHANNEL = ("c", "ch", "channel", "channels", "colour", "color", "rgb")
_FRAMES = "TZUVW"


def axes_of(layer: Image) -> str:
    """Return one letter an axis: Y, X, C for the colour, others for frames.

    An RGB layer says it itself, and names of axes are believed. (3 or 4, Y, X) without names is taken for colours,
    which is how planar files come into napari: see `colours_guessed`.
    """
    before = layer.ndim - 2
    if layer.rgb:
        return f"{_FRAMES[:before]}YXC"
    if _looks_planar(layer):
        return "CYX"
    names = [name.lower() for name in layer.axis_labels[:before]]
    frames = iter(_FRAMES)
    return "".join("C" if name in _CHANNEL else next(frames) for name in names) + "YX"


def frame_of(layer: Image, steps: tuple[int, ...]) -> tuple[int, ...]:
    """Return which frame is on screen: where the sliders stand, but for one along the colour."""
    letters = axes_of(layer)[: layer.ndim - 2]
    here = steps[-layer.ndim : -2]
    return tuple(int(step) for step, letter in zip(here, letters, strict=True) if letter != "C")


def colours_guessed(layer: Image) -> bool:
    """Return whether planes are taken for colours although the layer does not say so."""
    return not layer.rgb and _looks_planar(layer) and layer.level_shapes[0][0] > 1


def _looks_planar(layer: Image) -> bool:
    unnamed = layer.axis_labels[0].endswith("-3")  # '-3' or, in other releases, 'axis -3', until somebody names it
    return layer.ndim == 3 and unnamed and int(layer.level_shapes[0][0]) in _COLOURS
