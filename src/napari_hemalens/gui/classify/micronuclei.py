"""Micronuclei are marked where they were seen: a person who counts them has to look at them."""

import weakref
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels

from napari_hemalens.gui.classify.layers import ClassColours
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.uncovering import lay_over
from napari_hemalens.reports.scoring import scored_micronuclei

COUNTED, UNCOUNTED = np.array((1.0, 0.85, 0.0, 1.0)), np.array((0.6, 0.6, 0.6, 1.0))
"""Yellow where the nucleus counts as one with micronuclei; grey where its class says otherwise."""

_CLEAR = np.zeros(4)


class MicronucleiMarks:
    """Outlines around the micronuclei of each result, over its classes.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)

    def follow(self, state: ClassificationState) -> None:
        """Show the micronuclei of a result as they are counted now; none where none were looked for."""
        viewer = self._viewer()
        if viewer is None or state.bodies is None or state.reviewed is None:
            if state.marks is not None:  # of an earlier run
                state.marks.colormap = ClassColours(color_dict={None: _CLEAR, 0: _CLEAR})
            return
        if state.marks is None:
            if not state.bodies.any():
                return
            state.marks = Labels(
                state.bodies, name=f"{state.source.name}: micronuclei seen", metadata={MARK: {}}, **state.place
            )
            state.marks.contour, state.marks.editable = 1, False
            active = viewer.layers.selection.active
            lay_over(viewer, state.marks, state.image)
            viewer.add_layer(state.marks)
            viewer.layers.selection.active = active  # whose keys count
        elif state.marks.data is not state.bodies:
            state.marks.data = state.bodies
        state.marks.colormap = _colours(state)


def _colours(state: ClassificationState) -> ClassColours:
    table: dict[int | None, Any] = {None: _CLEAR, 0: _CLEAR}
    if state.reviewed is not None and state.seen is not None:
        counted = scored_micronuclei(state.reviewed.current, state.seen)
        ids = state.reviewed.cells.ids.tolist()
        table.update((number, COUNTED if n else UNCOUNTED) for number, n in zip(ids, counted.tolist(), strict=True))
    return ClassColours(color_dict=table)
