"""The cells that the docks of a viewer show now, and which of them is where. No Qt."""

import weakref
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from napari.components import ViewerModel
from napari.layers import Labels, Layer

from napari_hemalens.gui.cell_layers import plane_of
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.explain.session import ExplanationSession
from napari_hemalens.gui.followers import BoxFollower, ClassFollower, Follower, HeatmapFollower, row_of

Sessions: TypeAlias = tuple[DetectionSession, ClassificationSession, ExplanationSession]


class CellsOnScreen:
    """What shows cells in a viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    sessions : tuple of DetectionSession, ClassificationSession, ExplanationSession
        What is shown in it.
    """

    def __init__(self, viewer: ViewerModel, sessions: Sessions) -> None:
        self._viewer = weakref.ref(viewer)
        self._detection, self._classifying, self._explaining = sessions

    @property
    def followers(self) -> Sequence[Follower]:
        """What shows cells: boxes, classes, heatmaps."""
        boxes = [BoxFollower(f) for f in self._detection.results.fields if f.drawings]
        classes = [ClassFollower(self._classifying.results, c) for c in self._classifying.results.states if c.shown]
        return [*boxes, *classes, *self.heatmaps]

    @property
    def heatmaps(self) -> Sequence[HeatmapFollower]:
        """The explained cells, of each image those of the current result, or of the last."""
        results = self._explaining.results
        states = {
            state.image: state for state in results.states if state.source is not None and state.cells is not None
        }
        current = results.current
        if current is not None and current.image in states and current.source is not None:
            states[current.image] = current
        return [HeatmapFollower(results, state) for state in states.values()]

    def numbered(self, layer: Labels, number: int) -> tuple[Follower, int] | None:
        """Return the cell of a number in a layer that is on screen."""
        for each in self.followers:
            if layer in each.layers and isinstance(each, (ClassFollower, HeatmapFollower)) and self._shows(each, layer):
                row = row_of(each.cells, number)
                if row is not None:
                    return each, row
        return None

    def at(self, position: tuple[float, ...], layers: Collection[Layer]) -> tuple[Follower, int] | None:
        """Return the cell at a place in world coordinates, of the active layer before those of others from the top.

        Cells count whose image, or themselves, are among the `layers` shown there.
        """
        return next(self._at(position, layers), None)

    def of_layer(self, layer: Layer | None) -> Follower | None:
        """Return which of those that show cells a layer belongs to."""
        return next((each for each in self.followers if layer in each.layers), None)

    def _at(self, position: tuple[float, ...], layers: Collection[Layer]) -> Iterator[tuple[Follower, int]]:
        viewer = self._viewer()
        if viewer is None:
            return
        there = [each for each in self.followers if each.image in layers or any(own in layers for own in each.layers)]
        shown = {layer: each for each in there for layer in reversed(each.layers)}
        active = viewer.layers.selection.active
        from_top = [layer for layer in reversed(viewer.layers) if layer in shown and layer.visible]
        for layer in [active] * (active in shown) + from_top:
            each = shown[layer]
            y, x = layer.world_to_data(position)[-2:]
            row = each.at(float(y), float(x)) if self._shows(each, layer) else None
            if row is not None:
                yield each, row

    def _shows(self, each: Follower, layer: Layer) -> bool:
        """Return whether a layer of several planes shows the one that is meant."""
        viewer = self._viewer()
        return layer.ndim == 2 or (viewer is not None and plane_of(layer, viewer.dims.point) == each.plane)


def are_of_same_frame(one: Follower, other: Follower) -> bool:
    """Return whether two show cells of the same plane and frame of the same image."""
    planes = not one.plane or not other.plane or one.plane == other.plane
    frames = not one.frame or not other.frame or one.frame == other.frame
    return one.image is not None and one.image is other.image and planes and frames
