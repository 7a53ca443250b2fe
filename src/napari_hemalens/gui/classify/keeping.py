"""What Classify keeps in a project while a person works, and shows again when the project is opened. No Qt."""

import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.classify.cell_assignment import CellAssigner
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.report import Report
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.state import PAIRS, CellsBy, ClassificationState, NucleusValues
from napari_hemalens.gui.keeping import FindImage, ResultsKeeper, Snapshot
from napari_hemalens.gui.kept_layers import kept_image, labels_layer, look_of
from napari_hemalens.gui.layers import OUTLINED, placement_of
from napari_hemalens.gui.unsaved import SavedStates
from napari_hemalens.records.tasks import task
from napari_hemalens.workflows.cards import changed_weights
from napari_hemalens.workflows.classified_work import (
    KIND,
    ClassifiedWork,
    KeptClasses,
    KeptLabels,
    NucleusRecords,
    write_classified,
)
from napari_hemalens.workflows.kept_images import MOST_KEPT
from napari_hemalens.workflows.work import Work

_EDITS = ("paint", "data")
_OF_NUCLEI = ("cell_of_nucleus", "nc_ratio", "micronuclei")
_SHOWN = ("only", "smallest_um", "largest_um", "least_entropy")  # of what is drawn; the cell looked at is not kept


class ClassificationKeeper(ResultsKeeper[ClassResults, ClassificationState, ClassificationRecipe]):
    """The work of Classify in one viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    report : Report
        Results, and what is said of them.
    assigner : CellAssigner
        What makes cells of nuclei.
    saved : SavedStates
        Which results are in files.

    Attributes
    ----------
    options : ClassificationRecipe
        What is filled in in the dock.
    """

    kind = KIND

    def __init__(
        self,
        viewer: ViewerModel,
        report: Report,
        assigner: CellAssigner,
        saved: SavedStates[ClassificationState],
    ) -> None:
        super().__init__(report.results, saved, ClassificationRecipe())
        self._viewer = weakref.ref(viewer)
        self._report, self._assigner = report, assigner
        self._edits: weakref.WeakKeyDictionary[Layer, object] = weakref.WeakKeyDictionary()
        self._unseen: Sequence[KeptClasses] = ()  # of images that are not found
        report.changed.connect(self.changed.emit)

    def snapshot(self) -> Snapshot:
        """Return the work as it is now."""
        results = self._results
        states = [state for state in results.states if state.reviewed is not None and state.labels is not None]
        images = (*(kept for kept in map(self._kept, states) if kept is not None), *self._unseen)
        choices = {
            "options": self._said_options,
            "current": states.index(results.current) if results.current in states else None,
            "pooled": results.pooled,
            "display": {name: getattr(results.display, name) for name in _SHOWN},
            "compared": None if self._report.compared is None else list(self._report.compared),
        }
        work = ClassifiedWork(images, choices)
        return Snapshot(partial(write_classified, work=work), partial(self._saved.keep, dict(self._saved.now)))

    def clashes(self, work: Work) -> int:
        """Return how many cells a person corrected of images that a project keeps, too."""
        kept = {(each.image.file or each.image.name, each.task, each.frame) for each in work.classified}
        ours = [(kept_image(state.image), state) for state in self._results.states]
        return sum(
            0 if state.reviewed is None else state.reviewed.n_corrections
            for image, state in ours
            if (image.file or image.name, state.task.name, state.frame) in kept
        )

    def take(self, work: Work, find: FindImage) -> Sequence[str]:
        """Show the work of a project; return a sentence where its weights are others now.

        A result whose image is not found stays in the project, and is shown once it is.
        """
        choices = work.classify.choices
        if not choices:
            return ()
        states = [self._state(each, find) for each in work.classified]
        shown = [state for state in states if state is not None]
        current = choices["current"]
        self._results.show_kept(shown, states[current] if current is not None else None, pooled=choices["pooled"])
        for each, state in zip(work.classified, states, strict=True):
            if state is not None:
                self._assigner.reopen(state, each.nuclei.arrays.get("pairs"), corrected=each.nuclei.corrected)
        self._results.choose(DisplayFilter(**choices["display"]))
        self._report.compare(*(choices["compared"] or (None, None)))
        self._saved.keep({state: state.reviewed for state in shown if state.reviewed is not None})
        self._take_options(choices["options"])
        self._unseen = [each for each, state in zip(work.classified, states, strict=True) if state is None]
        return changed_weights(each.reviewed.cells.provenance for each in work.classified)

    def release(self) -> None:
        """Let go of all results, which are kept where they are."""
        self._unseen = []
        self._results.let_go()

    def _kept(self, state: ClassificationState) -> KeptClasses | None:
        if state.reviewed is None or state.labels is None:
            return None
        by: KeptLabels | str | None = state.cells_by if not isinstance(state.cells_by, Labels) else None
        return KeptClasses(
            kept_image(state.image),
            state.labels,
            state.reviewed,
            state.task.name,
            state.frame,
            state.plane,
            state.parted,
            state.threshold,
            state.sample,
            self._kept_layer(state.source),
            self._kept_layer(state.cells_by) if isinstance(state.cells_by, Labels) else by,
            NucleusRecords(_nuclei(state), self._assigner.is_corrected(state)),
            state.uncounted,
        )

    def _kept_layer(self, layer: Layer) -> KeptLabels:
        """Return a layer of labels; of one that a person paints in, since when it is as it is."""
        if not isinstance(layer, Labels):
            return KeptLabels(layer.name)
        if layer not in self._edits:
            self._edits[layer] = object()
            for name in _EDITS:
                layer.events[name].connect(self._on_edited)
        finest = layer.data[0] if layer.multiscale else layer.data
        few = int(np.prod(finest.shape)) * np.dtype(finest.dtype).itemsize <= MOST_KEPT
        look = look_of(layer) if few else {}
        if few and self._results.frames.hides(layer):
            look["visible"] = True
        return KeptLabels(layer.name, look, finest if few else None, (layer.data, self._edits[layer]))

    def _on_edited(self, event: Any) -> None:
        self._edits[event.source] = object()
        self.changed.emit()

    def _state(self, each: KeptClasses, find: FindImage) -> ClassificationState | None:
        image = find(each.image)
        if image is None:
            return None
        source = self._layer(each, each.cells_from, image)
        plane = each.plane if source.ndim > len(each.labels.shape) else ()
        state = ClassificationState(image, source, plane, each.parted, task(each.task), each.frame)
        state.threshold, state.sample = each.threshold, each.sample
        state.labels, state.reviewed, state.uncounted = each.labels, each.reviewed, each.uncounted
        state.cells_by = self._cells_by(each, image)
        _give_nuclei(state, each.nuclei.arrays)
        return state

    def _cells_by(self, each: KeptClasses, image: Image) -> CellsBy:
        if isinstance(each.cells_by, KeptLabels):
            layer = self._layer(each, each.cells_by, image)
            return layer if isinstance(layer, Labels) else None
        return PAIRS if each.cells_by == PAIRS else None

    def _layer(self, each: KeptClasses, kept: KeptLabels, image: Image) -> Layer:
        """Return the layer that holds some labels: one that is open, else a new one."""
        viewer = self._viewer()
        labels = each.labels if kept.labels is None else kept.labels
        open_ = (
            () if viewer is None else [each for each in viewer.layers if each.name == kept.name and holds_cells(each)]
        )
        for layer in open_:
            if not isinstance(layer, Labels) or np.array_equal(np.asarray(_finest(layer)), labels):
                return layer
        made = labels_layer(labels, kept.layer, kept.name)
        if not kept.layer:
            for name, value in placement_of(image).items():
                setattr(made, name, value)
        if viewer is not None:
            viewer.add_layer(made)
            if OUTLINED in made.metadata:
                self._results.frames.bind(made, image, each.frame)
        return made


def _finest(layer: Labels) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _nuclei(state: ClassificationState) -> dict[str, NDArray[Any]]:
    """Return what is known of the nuclei of a state, by name."""
    found: dict[str, NDArray[Any]] = {}
    for name in _OF_NUCLEI:
        values: NucleusValues | None = getattr(state, name)
        if values is not None:
            found |= {f"{name}_ids": values.ids, name: values.values}
    if state.bodies is not None:
        found["bodies"] = state.bodies
    if state.pairs is not None:
        found["pairs"] = np.asarray(state.pairs.data)
    return found


def _give_nuclei(state: ClassificationState, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name in _OF_NUCLEI:
        if name in arrays:
            setattr(state, name, NucleusValues(arrays[f"{name}_ids"], arrays[name]))
    state.bodies = arrays.get("bodies")
