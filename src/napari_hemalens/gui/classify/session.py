"""The classification of cells in one viewer: its state and its actions. No Qt."""

from collections.abc import Callable, Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import AnnotationError, HemaLensError, ImageError
from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.cell_layers import cells_in, check_lie_together, holds_cells, outlines_layer, plane_of
from napari_hemalens.gui.classify.cell_assignment import CellAssigner
from napari_hemalens.gui.classify.jobs import (
    ClassifySteps,
    ClassJob,
    ClassUpdate,
    CountMicronuclei,
    SegmentSteps,
    classify_cells,
    segment_cells,
)
from napari_hemalens.gui.classify.keeping import ClassificationKeeper
from napari_hemalens.gui.classify.report import Report, Scored
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.saving import copies_of, files_of_classified, save_classified_steps
from napari_hemalens.gui.classify.state import CellsBy, ClassificationState
from napari_hemalens.gui.collecting import collect_corrections_steps
from napari_hemalens.gui.keeping import recipe_of
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.gui.reporting import report_on_screen_steps
from napari_hemalens.gui.running import Runner
from napari_hemalens.gui.uncovering import show_over
from napari_hemalens.gui.unsaved import SavedStates, new_folder
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.records.tasks import task
from napari_hemalens.workflows.classification import classifier_card
from napari_hemalens.workflows.images import Slide


class ClassificationSession(ViewerSession):
    """The classification of cells: a run that goes on, its results, and what may be done with them.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.
    classify : ClassifySteps, optional
        What names the cells, by default `workflows.classify_steps`.
    segment : SegmentSteps, optional
        What outlines them, by default `workflows.segment_steps`.
    count : CountMicronuclei, optional
        What counts micronuclei, by default `workflows.count_micronuclei`.

    Attributes
    ----------
    results : ClassResults
        States, layers, counts and the review.
    report : Report
        Figures, samples and a comparison.
    recipe : ClassificationRecipe
        The options of the last run.
    keeper : ClassificationKeeper
        What a project keeps.
    """

    semantic_labels_found = Signal()  # one number stands for many cells: are they to be parted?
    segmented = Signal(object)  # a new Labels layer

    def __init__(
        self,
        viewer: ViewerModel,
        runner: Runner,
        classify: ClassifySteps | None = None,
        segment: SegmentSteps | None = None,
        *,
        count: CountMicronuclei | None = None,
    ) -> None:
        super().__init__(viewer, runner)
        self._classify = classify or workflows.classify_steps
        self._segment = segment or workflows.segment_steps
        self._count = count or workflows.count_micronuclei
        self._state: ClassificationState | None = None
        self._image: Image | None = None  # that is being segmented
        self._frame: tuple[int, ...] = ()  # of it
        self._asks = False
        self._follows = False  # whether cells follow the nuclei of this run
        self.results = ClassResults(viewer)
        self.report = Report(self.results)
        self._assigner = CellAssigner(viewer, runner, self.results, self.message_sent.emit)
        self._saved = SavedStates(lambda: {c: c.reviewed for c in self.results.states if c.reviewed and c.shown})
        self.keeper = ClassificationKeeper(viewer, self.report, self._assigner, self._saved)
        self.recipe = ClassificationRecipe()
        self.results.layer_lost.connect(self._on_lost)
        viewer.layers.events.removed.connect(self._on_removed)

    def start_run(
        self, image: Image | None, source: Layer | None, recipe: ClassificationRecipe, *, keep_corrections: bool = True
    ) -> None:
        """Begin to classify the cells of a layer, unless a run goes on; what cannot be done is said."""
        if self.running:
            return
        try:
            state = self._asked(image, source, recipe)
            state.threshold = classifier_card(recipe).threshold
            cells = cells_in(state.source, state.plane)
        except HemaLensError as error:
            self.refuse(str(error))
            return
        if not keep_corrections:
            state.forget_corrections()
        self.recipe, self._state, self._asks = recipe, state, False
        job = ClassJob(lambda: state.image.name, self._slide_opener(state.image), cells, recipe)
        self._begin(classify_cells(job, self._classify, self._count), self._on_update)

    def segment(self, image: Image | None, recipe: SegmentationRecipe) -> None:
        """Begin to outline the cells of an image as a new Labels layer, unless a run goes on."""
        if self.running:
            return
        if image is None:
            self.refuse(_NO_IMAGE)
            return
        self._state, self._image, self._frame = None, image, frame_of(image, self._point())
        steps = segment_cells(lambda: image.name, self._slide_opener(image), recipe, self._segment)
        self._begin(steps, self._on_update)

    def corrections(self, image: Image | None, source: Layer | None, recipe: ClassificationRecipe) -> int:
        """Return how many of these cells a person has given a class."""
        if image is None or source is None:
            return 0
        state = self.results.state(self._new(image, source, recipe))
        return 0 if state.reviewed is None else state.reviewed.n_corrections

    def make_cells_by(self, by: CellsBy) -> None:
        """Make cells of the nuclei of the current result; what cannot be done is said."""
        if self.results.current is None:
            return
        try:
            self._assigner.choose(self.results.current, by)
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            self.results.changed.emit()

    def files_of_save(self, folder: Path, formats: Sequence[str]) -> tuple[Path, ...]:
        """Return the files and folders that `save` writes; none where it cannot."""
        try:
            return files_of_classified(Scored.from_states(self.results.states_of_task), folder, formats)
        except HemaLensError:  # `save` says what is wrong
            return ()

    def save(self, folder: Path, formats: Sequence[str] = ("csv",)) -> None:
        """Write the cells of all images of the task in some formats, and what it takes to make them again."""
        scored = Scored.from_states(self.results.states_of_task)
        compared = self.report.read().compared
        steps = save_classified_steps(scored, self._recipe_of(scored), folder, compared, formats=formats)
        steps = self._saved.keeping(steps, set(self.results.states_of_task))
        self._write(steps)

    @property
    def unsaved(self) -> int:
        """Corrections that no file holds."""
        return self._saved.unsaved

    def save_now(self, folder: Path) -> tuple[str, ...]:
        """Write the tables of each task to a new folder `classified-<task>` in a folder; return what is said of it."""
        said: list[str] = []
        for name in dict.fromkeys(state.task.name for state in self.results.states if state.shown):
            states = [state for state in self.results.states if state.shown and state.task.name == name]
            scored = Scored.from_states(states)
            place = new_folder(folder / f"classified-{name}")
            steps = save_classified_steps(scored, self._recipe_of(scored), place)
            said += self._saved.keeping(steps, set(states))
        return tuple(said)

    def collect(self, folder: Path) -> None:
        """Make a training set of the classes that a person gave or confirmed, of all images of the task."""
        scored = Scored.from_states(self.results.states_of_task)
        recipe = self._recipe_of(scored)
        steps = collect_corrections_steps(lambda place: [*save_classified_steps(scored, recipe, place)], folder)
        self._write(steps)

    def print_report(self, file: Path, how: ReportRecipe) -> None:
        """Write a report on the cells of all images of the task."""
        scored = Scored.from_states(self.results.states_of_task)
        recipe, groups = self._recipe_of(scored), self.report.read().compared
        steps = report_on_screen_steps(
            lambda place: [*save_classified_steps(scored, recipe, place, groups)], file, how, copies_of(scored)
        )
        self._write(steps)

    def _recipe_of(self, scored: Scored) -> ClassificationRecipe:
        """Return the options with which results came about, which may be of another task than the last run."""
        return recipe_of((each.cells.provenance for each in scored.reviewed), self.recipe)

    def _asked(self, image: Image | None, source: Layer | None, recipe: ClassificationRecipe) -> ClassificationState:
        """Return the state that is meant.

        Raises
        ------
        HemaLensError
            If there is no image, there are no cells, or they do not lie on it.
        """
        if image is None:
            raise ImageError(_NO_IMAGE)
        if source is None or not holds_cells(source):
            raise AnnotationError(_NO_CELLS)
        check_lie_together(image, source, frame_of(image, self._point()))
        state = self.results.state(self._new(image, source, recipe))
        state.image = image
        return state

    def _new(self, image: Image, source: Layer, recipe: ClassificationRecipe) -> ClassificationState:
        point = self._point()
        return ClassificationState(
            image, source, plane_of(source, point), bool(recipe.relabel), task(recipe.task), frame_of(image, point)
        )

    def _slide_opener(self, image: Image) -> Callable[[], Slide]:
        """Return what opens an image, without its pixel size: that was shown to the person, who may have changed it."""
        return slide_opener(image, frame_of(image, self._point()), sized=False)

    def _point(self) -> tuple[float, ...]:
        viewer = self._viewer()
        return () if viewer is None else viewer.dims.point

    def _on_update(self, update: ClassUpdate) -> None:
        if self._summary:
            return  # told while the run was already asked to stop
        self._show_progress(update.words, update.fraction)
        self._asks = self._asks or update.semantic
        if self._state is None:
            self._on_segmented(update)
            return
        if update.labels is not None:
            self._assigner.inherit(self._state, self.results.current)
            self.results.begin(self._state, update.labels)
            self._follows = False
        if update.found is not None:
            self.results.put(self._state, update.found, partial=update.fraction < 1)
            if not self._follows:  # after the first, so that pairs lie over the classes
                self._assigner.follow(self._state)
                self._follows = True
        if update.micronuclei is not None or update.uncounted:
            self._state.micronuclei, self._state.uncounted = update.micronuclei, update.uncounted
            self._state.bodies = update.bodies
            self.results.put_numbers(self._state)

    def _on_segmented(self, update: ClassUpdate) -> None:
        viewer = self._viewer()
        if update.labels is None or viewer is None or self._image is None:
            return
        layer = outlines_layer(update.labels, self._image, self._frame)
        viewer.add_layer(layer)
        show_over(viewer, layer, self._image)
        self.results.frames.bind(layer, self._image, self._frame)
        self.segmented.emit(layer)
        if update.notes:
            self.message_sent.emit(" ".join(update.notes))

    def _on_end(self) -> None:
        super()._on_end()
        if self._asks and not self._summary:
            self._asks = False
            self.semantic_labels_found.emit()

    def _on_lost(self, state: ClassificationState) -> None:
        """Do not go on with a layer that a person has removed."""
        if state is self._state:
            self._lose()

    def _on_removed(self, event: object) -> None:
        gone = getattr(event, "value", None)
        watched = (self._image,) if self._state is None else (self._state.image, self._state.source)
        if gone in watched:
            self._lose()

    def _lose(self) -> None:
        self._halt("Stopped: a layer that the run needs was removed.", "Stopping after these cells…")

    def _set_running(self, running: bool) -> None:
        self.results.lock(running)
        super()._set_running(running)


_NO_IMAGE = "There is no image: open one first."
_NO_CELLS = (
    "There are no cells to classify: open labels of them, or press Segment. An Image layer that holds a mask becomes "
    "labels by a right click on it, 'Convert to Labels'."
)


def classification_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> ClassificationSession:
    """Return the classification of a viewer, begun at the first call."""
    return session_for(ClassificationSession, viewer, runner)
