"""The cells that a folder of OME-Zarr holds beside its image: labels in the colours of their classes, or boxes."""

from typing import Any

import dask.array as da
import numpy as np
import pandas as pd
from napari.utils.notifications import show_warning

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.classify.layers import HIGHEST, OPACITY, ClassColours
from napari_hemalens.gui.layers import LayerData, as_layers
from napari_hemalens.workflows.ome_zarr import StoredLabels, boxes_in, read_labels

_UNNAMED = np.array((0.5, 0.5, 0.5, 1.0))  # labels that have no colour
_CLEAR = np.zeros(4)


def cell_layers(path: str) -> list[LayerData]:
    """Return the cells beside the image of a zarr folder as layers; none where it has none.

    Labels keep the axes of their array. What needs a package that is not there is left out with a warning.

    Raises
    ------
    ImageError
        If labels cannot be read.
    """
    labels = [_label_layer(each) for each in read_labels(path)]
    if labels:
        return labels
    try:
        return [layer for field in boxes_in(path) for layer in as_layers(field)]
    except AnnotationError as error:
        show_warning(str(error))
        return []


def _label_layer(found: StoredLabels) -> LayerData:
    image = found.image
    levels = [da.from_array(level, name=False) for level in image.levels]
    axes = image.axes or ""
    attributes: dict[str, Any] = {
        "name": found.name,
        "opacity": OPACITY,
        "multiscale": len(levels) > 1,
        "features": pd.DataFrame({"index": list(found.classes), "class": list(found.classes.values())}),
    }
    if image.pixel_size_um is not None:
        attributes["scale"] = tuple(image.steps_um.get(axis, 1.0) for axis in axes)
        attributes["units"] = tuple("um" if axis in image.steps_um else "pixel" for axis in axes)
    if found.colours and max(found.colours) < HIGHEST:
        colours = {number: np.array(rgba) / 255 for number, rgba in found.colours.items()}
        attributes["colormap"] = ClassColours(color_dict={None: _UNNAMED, 0: _CLEAR, **colours})
    return levels if len(levels) > 1 else levels[0], attributes, "labels"
