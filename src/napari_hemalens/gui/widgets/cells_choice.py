"""Which layer holds the cells: one that goes along with the image, and with the sliders to another frame."""

from collections.abc import Collection
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.compat import isalive

from napari_hemalens.gui.cell_layers import (
    are_of_image,
    cells_of_image,
    cells_on_screen,
    holds_cells,
    may_be_of_image,
)
from napari_hemalens.gui.classify.session import ClassificationSession, classification_session
from napari_hemalens.gui.widgets.choices import Choice, layer_choice
from napari_hemalens.gui.workers import QtRunner


def cells_choice(viewer: ViewerModel, image: Choice) -> Choice:
    """Return a choice among the layers that hold cells; where each frame has its own, of those of the frame on screen.

    Those that were classified last come first, then those that are selected, then, of those that may be of the image,
    one that is seen before hidden ones; of several hidden ones, the last one that was made. When another image is
    chosen, so are its cells; cells that are found in it later take the place of hidden ones, unless a person has chosen
    those.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers they are.
    image : Choice
        The image whose cells are meant.
    """
    box = layer_choice(viewer, Layer, "Cells", absent="no labels yet", offered=holds_cells)
    box.tooltip = "Labels of cells or nuclei, or the boxes from Detect cells"

    session = classification_session(viewer, QtRunner)
    _begin(viewer, box, image.value, session)
    chosen: list[Layer] = []  # by a person

    def follow(_: Any) -> None:
        if isalive(box.native):
            box.value = cells_on_screen(viewer, image.value, box.value)

    def go_along(_: Any) -> None:
        if isalive(box.native):
            box.reset_choices()  # an image that was opened may be told before its cells are offered
            box.value = cells_of_image(viewer, image.value, box.value)

    def take(event: Any) -> None:
        if isalive(box.native) and _replaces(event.value, image.value, box.value, (*chosen, _classified(session))):
            box.reset_choices()
            box.value = event.value

    viewer.dims.events.current_step.connect(follow)
    image.changed.connect(go_along)
    viewer.layers.events.inserted.connect(take)
    box.native.activated.connect(lambda _: chosen.append(box.value))
    return box


def _begin(viewer: ViewerModel, box: Choice, image: Image | None, session: ClassificationSession) -> None:
    """Choose what was classified last, else cells that are selected or seen, else the last that were made."""
    all_cells = [layer for layer in box.choices if layer is not None]
    there = [layer for layer in all_cells if may_be_of_image(layer, image)] or all_cells
    seen = [layer for layer in there if layer.visible]
    classified, selected = session.results.current, viewer.layers.selection.active
    if classified is not None and classified.image is image and classified.source in there:
        box.value = classified.source  # hidden below its classes; what is seen may be whole cells, not nuclei
    elif selected in seen:
        box.value = selected
    elif there and box.value not in seen:  # as the truth of a sample is, and boxes below the classes of their cells
        box.value = [*there, *seen][-1]


def _classified(session: ClassificationSession) -> Layer | None:
    """Return the layer whose cells were classified last, hidden below their classes."""
    return None if session.results.current is None else session.results.current.source


def _replaces(new: Layer, image: Image | None, before: Layer | None, kept: Collection[Layer | None]) -> bool:
    """Return whether new cells of an image take the place of hidden ones that are of no use."""
    if image is None or before is None or before.visible or before in kept:
        return False
    return holds_cells(new) and new.visible and are_of_image(new, image)
