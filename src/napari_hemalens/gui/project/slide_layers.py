"""The results of a slide of a project as layers over its image, which is opened if it is not. No Qt."""

from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_hemalens.gui.camera import show_whole
from napari_hemalens.gui.classify.layers import OPACITY, ClassColours
from napari_hemalens.gui.files.images import image_layers
from napari_hemalens.gui.kept_layers import file_of, layers_of
from napari_hemalens.gui.layers import as_layers, holds_pixels, placement_of, rgba
from napari_hemalens.gui.uncovering import lay_stored_over
from napari_hemalens.workflows.project_results import SlideResults

_PLACE = "hemalens_slide"  # in the metadata of a layer: which file it shows, and which run
_CLEAR, _UNNAMED = np.zeros(4), np.array((0.5, 0.5, 0.5, 1.0))


def show_slide(viewer: ViewerModel, image: Path, results: tuple[SlideResults, ...]) -> Image:
    """Show a slide alone, with what was found in it above; return the layer of its image.

    Other layers are hidden, not removed. A slide that was shown before is not opened again.

    Raises
    ------
    ImageError
        If the image cannot be read.
    """
    layer = _open_already(viewer, image) or _opened(viewer, image)
    for other in viewer.layers:
        other.visible = False
    shown = [layer, *(each for each in viewer.layers if each.metadata.get(_PLACE) == str(image))]
    for result in results:
        for found in _layers(layer, result):
            before = next((each for each in shown if each.name == found.name), None)
            if before is not None:
                viewer.layers.remove(before)
            found.metadata[_PLACE] = str(image)
            viewer.add_layer(found)
            lay_stored_over(viewer, found, layer)
            shown.append(found)
    for each in shown:
        each.visible = True
    viewer.layers.selection.active = layer
    show_whole(viewer, layer)
    return layer


def _open_already(viewer: ViewerModel, image: Path) -> Image | None:
    return next((each for each in viewer.layers if holds_pixels(each) and file_of(each) == image), None)


def _opened(viewer: ViewerModel, image: Path) -> Image:
    layers = layers_of(image, image_layers(image))
    for layer in layers:
        layer.metadata[_PLACE] = str(image)
        viewer.add_layer(layer)
    return layers[0]


def _layers(image: Image, found: SlideResults) -> list[Layer]:
    """Return what a run found as layers where the image is."""
    layers: list[Layer] = []
    place = placement_of(image)
    if found.cells is not None:
        layers += [Layer.create(*made) for made in as_layers(found.cells, like=image)]
    if found.labels is not None and (found.classes or not found.heatmaps):  # plain cells would hide heatmaps
        layers.append(_label_layer(found, place))
    for method, heatmap in found.heatmaps.items():
        look: dict[str, Any] = {"colormap": "inferno", "blending": "additive", "contrast_limits": (0, 1)}
        layers.append(Image(heatmap, name=f"{method}", **look, **place))
    for layer in layers:
        layer.name = f"{image.name}, {found.run}: {layer.name.removeprefix(image.name).strip()}"
    return layers


def _label_layer(found: SlideResults, place: dict[str, Any]) -> Labels:
    """Return outlined cells in the colours of their classes, where they have any."""
    import pandas as pd  # noqa: PLC0415 -- napari has loaded it by then

    numbers, names = list(found.classes), list(found.classes.values())
    attributes: dict[str, Any] = {"name": "cells", "opacity": OPACITY}
    if numbers:
        attributes["features"] = pd.DataFrame({"index": numbers, "class": names})
        colours = dict(zip(numbers, rgba(names), strict=True))
        attributes["colormap"] = ClassColours(color_dict={None: _UNNAMED, 0: _CLEAR, **colours})
    return Labels(found.labels, **attributes, **place)
