"""A review of classified cells: which cell it has come to, and how the viewer shows that."""

import weakref

from napari.components import ViewerModel

from napari_hemalens.gui.classify.keys import ClassReviewer, bind, unbind
from napari_hemalens.gui.classify.layers import OPACITY
from napari_hemalens.gui.classify.result_layers import ResultLayers, cell_diameter
from napari_hemalens.gui.classify.review_queue import ReviewQueue
from napari_hemalens.gui.classify.state import PAIRS, ClassificationState
from napari_hemalens.review.classes import ReviewedClasses

_DEAF = "Keys give no class while another layer is active: click {!r} in the layer list."
_WIDTHS = 40  # of an outline across a cell


class ClassReview:
    """A walk through the cells of one result that nobody has named, least certain first.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    layers : ResultLayers
        The layers of results.

    Attributes
    ----------
    queue : ReviewQueue or None
        Where it is; None while there is none.
    """

    def __init__(self, viewer: ViewerModel, layers: ResultLayers) -> None:
        self._viewer, self._layers = weakref.ref(viewer), layers
        self.queue: ReviewQueue | None = None
        self._state: ClassificationState | None = None

    @property
    def status(self) -> str:
        """Which cell it has come to, and why keys do nothing while another layer is active; '' without one."""
        viewer, layer = self._viewer(), None if self._state is None else self._state.layer
        if self.queue is None or viewer is None or layer is None:
            return ""
        deaf = viewer.layers.selection.active is not layer
        return f"{self.queue.status}. {_DEAF.format(layer.name)}" if deaf else self.queue.status

    def begin(self, state: ClassificationState, reviewer: ClassReviewer) -> None:
        """Begin with the least certain cell that is shown; classes become outlines, and keys go to the reviewer."""
        viewer, layer, reviewed = self._viewer(), state.layer, state.reviewed
        if viewer is None or layer is None or reviewed is None:
            return
        shown = self._layers.display.shows(reviewed)
        self.queue, self._state = ReviewQueue(reviewed, state.task.positive, state.threshold, shown), state
        self._layers.bring_out(state)
        layer.contour, layer.opacity = outline_width(reviewed), 1  # the cell itself is to be seen
        if state.pairs is not None:
            state.pairs.visible = False  # its outlines would hide those of the classes
        viewer.layers.selection.active = layer  # whose keys count
        bind(layer, reviewer)

    def follow(self) -> bool:
        """Show the cell that it has come to; return whether there is one."""
        viewer, state = self._viewer(), self._state
        if self.queue is None or viewer is None or state is None or state.layer is None:
            return False
        row, cell = self.queue.row, self.queue.cell
        if row is None or cell is None:
            return False
        self._layers.reviewed = state, cell
        self._layers.centre_on(state, row)
        return True

    def end(self) -> None:
        """Let the layer be as it was before."""
        state, self._state = self._state, None
        self.queue = self._layers.reviewed = None
        self._layers.point_at_none()
        if state is not None and state.layer is not None:
            unbind(state.layer)
            state.layer.contour, state.layer.opacity = 0, OPACITY
        if state is not None and state.pairs is not None:
            state.pairs.visible = state.cells_by == PAIRS


def outline_width(reviewed: ReviewedClasses) -> int:
    """Return the width in pixels of a line around the cells, which is seen and not in the way."""
    return max(1, round(cell_diameter(reviewed.cells.areas) / _WIDTHS)) if len(reviewed.cells) else 1
