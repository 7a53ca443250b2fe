"""Nuclei become cells, as a person chooses: by labels of the cells, or in pairs that are shown to be corrected."""

import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from numpy.typing import NDArray

from napari_hemalens.gui.cell_layers import CellsOf, cells_in, common_placement
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.state import PAIRS, CellsBy, ClassificationState, NucleusValues
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.gui.staying import stay_on
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.workflows.labels import assign_nuclei, nc_ratios, pair_nuclei

_LINE = 3  # pixels of the outline around the nuclei of a pair
_EDITS = ("paint", "data")  # a person, or a script, has changed what a layer holds
_REDRAWN = "set_data"  # undo and redo tell nothing else


@dataclass(frozen=True, slots=True, eq=False)
class CellAssignment:
    """The cell of each nucleus.

    Attributes
    ----------
    cell_of_nucleus : NucleusValues
        0 for none.
    pairs : (H, W) int32 or None
        The cells, where they are pairs that were found now.
    nc_ratio : NucleusValues or None
        The ratio of nucleus to cytoplasm of that cell, NaN for none; None where nuclei were paired.
    """

    cell_of_nucleus: NucleusValues
    pairs: NDArray[np.int32] | None = None
    nc_ratio: NucleusValues | None = None


def assign_steps(nuclei: NDArray[Any], cells: CellsOf | None) -> Generator[CellAssignment, None, None]:
    """Find out which cell each nucleus of a label image is of; without `cells`, nuclei are paired.

    Raises
    ------
    HemaLensError
        If the cells are no labels of the same image.
    """
    map_ = CellMap.from_labels(nuclei)
    if cells is None:
        cells_of_nuclei, pairs = pair_nuclei(map_)
        yield CellAssignment(NucleusValues(map_.ids, cells_of_nuclei), pairs)
        return
    outlines = cells(nuclei.shape)
    cells_of_nuclei = assign_nuclei(map_, outlines)
    ratios = NucleusValues(map_.ids, nc_ratios(map_.areas, cells_of_nuclei, outlines))
    yield CellAssignment(NucleusValues(map_.ids, cells_of_nuclei), nc_ratio=ratios)


class CellAssigner:
    """What makes cells of the nuclei of each state, kept up while a person paints.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Measures nuclei away from the window.
    results : ClassResults
        Whose states these are.
    say : callable
        Is given a sentence where something cannot be done.
    """

    def __init__(
        self, viewer: ViewerModel, runner: Runner, results: ClassResults, say: Callable[[str], object]
    ) -> None:
        self._viewer = weakref.ref(viewer)
        self._runner, self._results, self._say = runner, results, say
        self._busy: dict[ClassificationState, bool] = {}  # what is being found out, and whether it has to be once more
        self._corrected: set[ClassificationState] = set()  # whose pairs a person has changed
        viewer.layers.events.removed.connect(self._on_removed)

    def choose(self, state: ClassificationState, by: CellsBy) -> None:
        """Make cells of the nuclei of a state.

        Raises
        ------
        AnnotationError
            If the labels chosen do not lie on the image.
        """
        if isinstance(by, Labels):
            common_placement(state.image, by)
            self._watch(by)
        state.cells_by, state.cell_of_nucleus, state.nc_ratio = by, None, None
        if state.pairs is not None:
            state.pairs.visible = by == PAIRS
        self._results.put_numbers(state)
        self.follow(state)

    def inherit(self, state: ClassificationState, before: ClassificationState | None) -> None:
        """Pair a new state where the one before was."""
        new = state not in self._results.states
        if new and before is not None and before.task is state.task and before.cells_by == PAIRS:
            state.cells_by = PAIRS

    def is_corrected(self, state: ClassificationState) -> bool:
        """Return whether a person has changed the pairs of a state."""
        return state in self._corrected

    def reopen(self, state: ClassificationState, pairs: NDArray[np.int32] | None, *, corrected: bool) -> None:
        """Show the pairs of a state as a project kept them, and follow what makes its cells from now on."""
        if pairs is not None:
            self._draw(state, pairs)
            if state.pairs is not None:
                state.pairs.visible = state.cells_by == PAIRS
        if corrected:
            self._corrected.add(state)
        if isinstance(state.cells_by, Labels):
            self._watch(state.cells_by)

    def follow(self, state: ClassificationState) -> None:
        """Find out again which cell each nucleus is of; once more, where that is going on."""
        if state in self._busy:
            self._busy[state] = True
            return
        if state.cells_by is None or state.labels is None:
            return
        self._busy[state] = False
        told = Listener(
            on_step=partial(self._on_found, state),
            on_error=partial(self._on_error, state),
            on_end=partial(self._on_end, state),
        )
        self._runner.run_in_background(assign_steps(state.labels, self._cells_of(state)), told)

    def _cells_of(self, state: ClassificationState) -> CellsOf | None:
        """Return what reads the cells of a state; None: they are to be paired, since nobody has corrected pairs."""
        if state.cells_by == PAIRS:
            kept = state.pairs if state in self._corrected else None
            return None if kept is None else cells_in(kept, ())
        if state.cells_by is None:
            return None
        return cells_in(state.cells_by, state.plane if state.cells_by.ndim == state.source.ndim else ())

    def _on_found(self, state: ClassificationState, found: CellAssignment) -> None:
        if self._busy.get(state) or state.cells_by is None:
            return  # of what was chosen, or painted, before
        state.cell_of_nucleus = found.cell_of_nucleus
        state.nc_ratio = None if state.cells_by == PAIRS else found.nc_ratio  # corrected pairs are no outlines of cells
        if found.pairs is not None:
            self._draw(state, found.pairs)
        self._results.put_numbers(state)

    def _on_error(self, state: ClassificationState, error: Exception) -> None:
        if not self._busy.get(state):
            state.cells_by = None
            self._say(f"Nuclei make no cells: {error}")
            self._results.put_numbers(state)

    def _on_end(self, state: ClassificationState) -> None:
        if self._busy.pop(state, False):
            self.follow(state)

    def _draw(self, state: ClassificationState, pairs: NDArray[np.int32]) -> None:
        """Show the pairs of a state, outlined over the classes; the layer that was active stays so."""
        viewer = self._viewer()
        if viewer is None:
            return
        if state.pairs is not None:
            with state.pairs.events.blocker_all():
                state.pairs.data = pairs
            state.pairs.refresh()
            return
        active = viewer.layers.selection.active
        state.pairs = Labels(
            pairs,
            name=f"{state.source.name} cells (paired)",
            metadata={MARK: {"cells_of": state.source.name}},  # cells of nuclei: nothing to classify
            **state.place,
        )
        state.pairs.contour, state.pairs.opacity = _LINE, 1
        viewer.add_layer(state.pairs)
        stay_on(state.pairs, state.image)
        viewer.layers.selection.active = active
        self._watch(state.pairs)

    def _watch(self, layer: Labels) -> None:
        for name in _EDITS:
            layer.events[name].connect(self._on_edited)
        layer.events[_REDRAWN].connect(self._on_redrawn)

    def _on_edited(self, event: Any) -> None:
        self._corrected.update(state for state in self._results.states if state.pairs is event.source)
        self._on_redrawn(event)

    def _on_redrawn(self, event: Any) -> None:
        for state in self._results.states:
            paired_here = state.cells_by == PAIRS and state.pairs is event.source and state in self._corrected
            if paired_here or state.cells_by is event.source:
                self.follow(state)

    def _on_removed(self, event: Any) -> None:
        for state in self._results.states:
            gone = state.pairs is event.value
            if gone:
                state.pairs = None
                self._corrected.discard(state)
            if (gone and state.cells_by == PAIRS) or state.cells_by is event.value:
                self.choose(state, None)
