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

from napari_hemalens.gui.cell_layers import CellsOf, cells_in, placed_together
from napari_hemalens.gui.classify.case import PAIRS, Case, CellsBy, PerNucleus
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation.labels import checked_labels
from napari_hemalens.segmentation.pairing import as_labels, in_cells, paired

_LINE = 3  # pixels of the outline around the nuclei of a pair
_EDITS = ("paint", "data")  # a person, or a script, has changed what a layer holds
_REDRAWN = "set_data"  # undo and redo tell nothing else


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The cell of each nucleus.

    Attributes
    ----------
    belonging : PerNucleus
        0 for none.
    pairs : (H, W) int32 or None
        The cells, where they are pairs that were found now.
    """

    belonging: PerNucleus
    pairs: NDArray[np.int32] | None = None


def belonging_steps(nuclei: NDArray[Any], cells: CellsOf | None) -> Generator[Found, None, None]:
    """Find out which cell each nucleus of a label image is of; without `cells`, nuclei are paired.

    Raises
    ------
    HemaLensError
        If the cells are no labels of the same image.
    """
    map_ = CellMap.of(nuclei)
    if cells is None:
        pairs = paired(map_)
        yield Found(PerNucleus(map_.ids, pairs), as_labels(map_, pairs))
        return
    checked = checked_labels(cells(nuclei.shape), nuclei.shape)
    yield Found(PerNucleus(map_.ids, in_cells(map_, checked)))


class Belonging:
    """What makes cells of the nuclei of each case, kept up while a person paints.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Measures nuclei away from the window.
    results : ClassResults
        Whose cases these are.
    say : callable
        Is given a sentence where something cannot be done.
    """

    def __init__(
        self, viewer: ViewerModel, runner: Runner, results: ClassResults, say: Callable[[str], object]
    ) -> None:
        self._viewer = weakref.ref(viewer)
        self._runner, self._results, self._say = runner, results, say
        self._busy: dict[Case, bool] = {}  # what is being found out, and whether it has to be once more
        self._corrected: set[Case] = set()  # whose pairs a person has changed
        viewer.layers.events.removed.connect(self._on_removed)

    def choose(self, case: Case, by: CellsBy) -> None:
        """Make cells of the nuclei of a case.

        Raises
        ------
        AnnotationError
            If the labels chosen do not lie on the image.
        """
        if isinstance(by, Labels):
            placed_together(case.image, by)
            self._watch(by)
        case.cells_by, case.belonging = by, None
        if case.pairs is not None:
            case.pairs.visible = by == PAIRS
        self._results.put_numbers(case)
        self.follow(case)

    def inherit(self, case: Case, before: Case | None) -> None:
        """Pair a new case where the one before was."""
        new = case not in self._results.cases
        if new and before is not None and before.task is case.task and before.cells_by == PAIRS:
            case.cells_by = PAIRS

    def follow(self, case: Case) -> None:
        """Find out again which cell each nucleus is of; once more, where that is going on."""
        if case in self._busy:
            self._busy[case] = True
            return
        if case.cells_by is None or case.labels is None:
            return
        self._busy[case] = False
        told = Listener(
            on_step=partial(self._on_found, case),
            on_error=partial(self._on_error, case),
            on_end=partial(self._on_end, case),
        )
        self._runner.start(belonging_steps(case.labels, self._cells_of(case)), told)

    def _cells_of(self, case: Case) -> CellsOf | None:
        """Return what reads the cells of a case; None: they are to be paired, since nobody has corrected pairs."""
        if case.cells_by == PAIRS:
            kept = case.pairs if case in self._corrected else None
            return None if kept is None else cells_in(kept, ())
        assert isinstance(case.cells_by, Labels)  # noqa: S101 -- the third choice, None, has nothing to follow
        return cells_in(case.cells_by, case.plane if case.cells_by.ndim == case.source.ndim else ())

    def _on_found(self, case: Case, found: Found) -> None:
        if self._busy.get(case) or case.cells_by is None:
            return  # of what was chosen, or painted, before
        case.belonging = found.belonging
        if found.pairs is not None:
            self._draw(case, found.pairs)
        self._results.put_numbers(case)

    def _on_error(self, case: Case, error: Exception) -> None:
        if not self._busy.get(case):
            case.cells_by = None
            self._say(f"Nuclei make no cells: {error}")
            self._results.put_numbers(case)

    def _on_end(self, case: Case) -> None:
        if self._busy.pop(case, False):
            self.follow(case)

    def _draw(self, case: Case, pairs: NDArray[np.int32]) -> None:
        """Show the pairs of a case, outlined over the classes; the layer that was active stays so."""
        viewer = self._viewer()
        if viewer is None:
            return
        if case.pairs is not None:
            with case.pairs.events.blocker_all():
                case.pairs.data = pairs
            case.pairs.refresh()
            return
        active = viewer.layers.selection.active
        case.pairs = Labels(
            pairs,
            name=f"{case.source.name} cells (paired)",
            metadata={MARK: {"cells_of": case.source.name}},  # cells of nuclei: nothing to classify
            **case.placed,
        )
        case.pairs.contour, case.pairs.opacity = _LINE, 1
        viewer.add_layer(case.pairs)
        viewer.layers.selection.active = active
        self._watch(case.pairs)

    def _watch(self, layer: Labels) -> None:
        for name in _EDITS:
            layer.events[name].connect(self._on_edited)
        layer.events[_REDRAWN].connect(self._on_redrawn)

    def _on_edited(self, event: Any) -> None:
        self._corrected.update(case for case in self._results.cases if case.pairs is event.source)
        self._on_redrawn(event)

    def _on_redrawn(self, event: Any) -> None:
        for case in self._results.cases:
            paired_here = case.cells_by == PAIRS and case.pairs is event.source and case in self._corrected
            if paired_here or case.cells_by is event.source:
                self.follow(case)

    def _on_removed(self, event: Any) -> None:
        for case in self._results.cases:
            gone = case.pairs is event.value
            if gone:
                case.pairs = None
                self._corrected.discard(case)
            if (gone and case.cells_by == PAIRS) or case.cells_by is event.value:
                self.choose(case, None)
