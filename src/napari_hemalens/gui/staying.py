"""Cells stay on their image where a person gives it another pixel size, moves it, or turns it. No Qt."""

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_hemalens.gui.layers import placement_of

_EVENTS = ("scale", "translate", "units", "rotate", "shear", "affine")

_staying: weakref.WeakKeyDictionary[Layer, object] = weakref.WeakKeyDictionary()  # by which call


def stay_on(layer: Layer, of: Layer | None) -> None:
    """Put a flat layer where another one is whenever that is put elsewhere.

    One that lies elsewhere already stays there, and so does one that a person puts elsewhere. The last call counts.

    Parameters
    ----------
    layer : Layer
        Cells, or a heatmap.
    of : Layer or None
        The image, or the cells, that it was made of; None: it is of no layer.
    """
    _staying.pop(layer, None)
    if of is None or not _is_at(layer, placement_of(of)):
        return
    this_call = _staying[layer] = object()
    mine, place = weakref.ref(layer), placement_of(of)

    def follow(_: Any) -> None:
        nonlocal place
        there = mine()
        if there is None or _staying.get(there) is not this_call:
            for name in _EVENTS:
                getattr(of.events, name).disconnect(follow)
        elif _is_at(there, place):
            place = placement_of(of)
            for name, value in place.items():
                setattr(there, name, value)
        else:
            del _staying[there]

    for name in _EVENTS:
        getattr(of.events, name).connect(follow)


def stays(layer: Layer) -> bool:
    """Return whether a layer is put where what it was made of is."""
    return layer in _staying


def _is_at(layer: Layer, place: Mapping[str, Any]) -> bool:
    now = placement_of(layer)
    units = now["units"] == place["units"]
    return units and all(
        np.shape(now[name]) == np.shape(place[name]) and np.allclose(now[name], place[name])
        for name in ("scale", "translate", "rotate", "shear", "affine")
    )
