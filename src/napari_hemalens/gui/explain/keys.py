"""The keys that switch between heatmaps, whichever layer is active."""

import weakref
from collections.abc import Callable

from napari.components import ViewerModel

from napari_hemalens.gui.explain.results import Heatmaps

NEXT, BEFORE = "H", "Shift-H"

_NONE = "There is no heatmap yet: press Run in Attention."


def bind(viewer: ViewerModel, heatmaps: Heatmaps) -> None:
    """Let a viewer show the heatmap of the next method by H, and of the one before by Shift+H, and say which it is."""
    shown = weakref.proxy(heatmaps)
    for key, by in ((NEXT, 1), (BEFORE, -1)):
        viewer.bind_key(key, _switching(shown, by), overwrite=True)


def _switching(heatmaps: Heatmaps, by: int) -> Callable[[ViewerModel], None]:
    def switch(viewer: ViewerModel) -> None:
        viewer.status = heatmaps.switch(by) or _NONE

    return switch
