"""How a layer shows an image or labels, as plain values that a project keeps, and back. No Qt, no torch."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import AVAILABLE_COLORMAPS
from numpy.typing import NDArray

from napari_hemalens.gui.layers import OUTLINED, LayerData
from napari_hemalens.workflows.kept_images import MOST_KEPT, KeptImage

READER = "napari-hemalens"
"""What layers that we open name as their reader."""

_LOOK = ("visible", "opacity", "gamma")


def look_of(layer: Layer) -> dict[str, Any]:
    """Return name, place and look of a layer."""
    look: dict[str, Any] = {
        "name": layer.name,
        "scale": np.asarray(layer.scale).tolist(),
        "translate": np.asarray(layer.translate).tolist(),
        "rotate": np.asarray(layer.rotate).tolist(),
        "shear": np.asarray(layer.shear).tolist(),
        "affine": layer.affine.affine_matrix.tolist(),
        "units": [str(unit) for unit in layer.units],
        "axis_labels": list(layer.axis_labels),
        "visible": bool(layer.visible),
        "opacity": float(layer.opacity),
        "blending": str(layer.blending),
    }
    if OUTLINED in layer.metadata:
        look["outlined"] = dict(layer.metadata[OUTLINED])
    if isinstance(layer, Image):
        look |= {
            "rgb": bool(layer.rgb),
            "sides": [int(side) for side in layer.level_shapes[0]],
            "gamma": float(layer.gamma),
            "contrast_limits": [float(limit) for limit in layer.contrast_limits],
            "colormap": str(layer.colormap.name),
            "reader": layer.source.reader_plugin or "",
        }
    return look


def placed(look: Mapping[str, Any], ndim: int) -> dict[str, Any]:
    """Return the attributes that put a layer of so many axes where one with a look was, by its last axes."""
    if not look:
        return {}
    shear = np.asarray(look["shear"])
    affine = np.asarray(look["affine"])
    return {
        "scale": look["scale"][-ndim:],
        "translate": look["translate"][-ndim:],
        "units": tuple(look["units"][-ndim:]),
        "axis_labels": tuple(look["axis_labels"][-ndim:]),
        "rotate": np.asarray(look["rotate"])[-ndim:, -ndim:],
        "shear": shear[-(ndim * (ndim - 1) // 2) :] if shear.ndim == 1 else shear[-ndim:, -ndim:],
        "affine": affine[-ndim - 1 :, -ndim - 1 :],
    }


def give_look(layer: Layer, look: Mapping[str, Any]) -> None:
    """Give a layer the name, the place and the look that one had."""
    layer.name = look["name"]
    for name, value in placed(look, layer.ndim).items():
        setattr(layer, name, value)
    layer.blending = look["blending"]
    for name in _LOOK:
        if name in look:
            setattr(layer, name, look[name])
    if isinstance(layer, Image) and not layer.rgb:
        layer.contrast_limits = look["contrast_limits"]
        if look["colormap"] in AVAILABLE_COLORMAPS:
            layer.colormap = look["colormap"]


def layers_of(path: str | Path, read: Iterable[LayerData]) -> list[Layer]:
    """Return what was read of a file as layers that know of which, as those that a person opens do.

    A project keeps the path of such a layer; of others it has to keep the pixels.
    """
    with _source(path):
        return [Layer.create(*each) for each in read]


def _source(path: str | Path) -> AbstractContextManager[object]:
    """Return what tells layers that are made within it of their file.

    napari has no public way. Where a release lacks the private one, layers are opened all the same and are no files: a
    project keeps their pixels, or says that it cannot.
    """
    try:
        from napari.layers._source import layer_source  # noqa: PLC0415 -- see above
    except ImportError:
        return nullcontext()
    told: AbstractContextManager[object] = layer_source(path=str(Path(path).resolve()), reader_plugin=READER)
    return told


def file_of(layer: Layer) -> Path | None:
    """Return the file that a layer was opened from; None of one that is no file."""
    return Path(layer.source.path).resolve() if layer.source.path else None


def kept_image(layer: Image) -> KeptImage:
    """Return the image of a layer: its file, else its pixels where they are not too many."""
    file = layer.source.path or ""
    there = bool(file) and Path(file).exists()
    data = layer.data
    finest = data[0] if layer.multiscale else data
    few = int(np.prod(finest.shape)) * np.dtype(finest.dtype).itemsize <= MOST_KEPT
    height, width = (int(side) for side in layer.level_shapes[0][-2:])
    return KeptImage(
        layer.name,
        (height, width),
        file=str(Path(file).resolve()) if there else "",
        layer=look_of(layer),
        pixels=(lambda: np.asarray(finest)) if few and not there else None,
        source=data,
    )


def labels_layer(labels: NDArray[Any], look: Mapping[str, Any], name: str) -> Labels:
    """Return labels as a layer that looks as it did."""
    layer = Labels(labels, name=name, metadata={OUTLINED: look["outlined"]} if "outlined" in look else {})
    if look:
        give_look(layer, look)
    return layer
