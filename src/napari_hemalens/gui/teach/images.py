"""Images of a pool that are not open in the viewer: a project that is opened again brings them along. No Qt."""

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.kept_layers import layers_of
from napari_hemalens.gui.layers import image_layer
from napari_hemalens.gui.teach.layers import layer_of
from napari_hemalens.workflows.images import open_image
from napari_hemalens.workflows.teaching import TeachingSession

_MOST = 6  # images; the pictures of all others are in the dock


def open_missing(
    viewer: ViewerModel, taught: TeachingSession, images: Mapping[str, Image]
) -> tuple[Mapping[str, Image], tuple[str, ...]]:
    """Open the first images of a pool that are not open, images of one cell aside.

    Returns
    -------
    layers : mapping of str to Image
        The new layers, by the names of their images.
    notes : tuple of str
        A sentence for each image that is not there or cannot be read.
    """
    cells, found, notes = taught.embedded.cells, {}, []
    alone = np.isin(cells.sources, ("image", "crop"))
    for index in np.unique(cells.image_index[~alone]).tolist()[:_MOST]:
        image = cells.images[index]
        if layer_of(viewer, image.name, images) is not None:
            continue
        path = taught.project.path_of(image.fingerprint)
        if path is None:
            notes.append(f"{image.name} is not where it was: its cells are shown in the dock alone.")
            continue
        try:
            data, attributes, kind = image_layer(open_image(path, pixel_size_um=image.pixel_size_um))
        except HemaLensError as error:
            notes.append(str(error))
            continue
        (layer,) = layers_of(path, [(data, {**attributes, "name": PurePath(image.name).name}, kind)])
        viewer.add_layer(layer)
        found[image.name] = layer
    return found, tuple(notes)
