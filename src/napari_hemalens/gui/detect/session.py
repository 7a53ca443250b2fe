"""Detection in one viewer: its state and its actions. No Qt: who runs long operations is passed in."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import HemaLensError, ImageError
from napari_hemalens.gui.collecting import collect_corrections_steps
from napari_hemalens.gui.detect.annotation_steps import annotation_steps
from napari_hemalens.gui.detect.calibration import score_for_count
from napari_hemalens.gui.detect.failures import Failures
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.jobs import DetectSteps, Job, Update, run
from napari_hemalens.gui.detect.keeping import DetectionKeeper
from napari_hemalens.gui.detect.results import Results
from napari_hemalens.gui.detect.run_fields import RunFields
from napari_hemalens.gui.detect.saving import DetectedCells, files_of_detected, save_steps
from napari_hemalens.gui.detect.script import ScriptedImage, as_python
from napari_hemalens.gui.detect.sources import Source, frame_asked, job_of, new_field
from napari_hemalens.gui.keeping import recipe_of
from napari_hemalens.gui.layers import Where, image_layer, regions_of
from napari_hemalens.gui.reporting import report_on_screen_steps
from napari_hemalens.gui.running import Runner
from napari_hemalens.gui.unsaved import SavedStates, new_folder
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import counted
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.annotations import read_annotations, unknown_names
from napari_hemalens.workflows.images import Frame, choose_colours, open_image


class DetectionSession(ViewerSession):
    """The detection of cells: a run that goes on, its results, and what may be done with them.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.
    detect : DetectSteps, optional
        What finds the cells, by default `workflows.detect_steps`.

    Attributes
    ----------
    results : Results
        Fields, cells, layers and counts.
    failures : Failures
        Images of folders that could not be looked at.
    recipe : DetectionRecipe
        The options of the last run.
    keeper : DetectionKeeper
        What a project keeps.
    """

    _stop_words = ("Stopped. What was found is kept; Undo goes back.", "Stopping after this tile…")

    def __init__(self, viewer: ViewerModel, runner: Runner, detect: DetectSteps | None = None) -> None:
        super().__init__(viewer, runner)
        self._detect = detect or workflows.detect_steps
        self._run = RunFields()
        self.failures = Failures()
        self._begun = False  # whether the run has shown anything that undo would take back
        self.results = Results(viewer, runner.run_idle)
        self._saved = SavedStates(lambda: {f: f.cells for f in self.results.fields})
        self.keeper = DetectionKeeper(self.results, self._saved)
        self.recipe = DetectionRecipe()
        self.results.layer_lost.connect(self._on_lost)
        self.results.opened.connect(self.show_field)

    @property
    def show_labels(self) -> bool:
        """Whether boxes that are large enough on the screen bear the short name of their class."""
        return self.results.layers.show_labels

    @show_labels.setter
    def show_labels(self, wanted: bool) -> None:
        self.results.layers.show_labels = wanted

    def start_run(
        self,
        sources: Sequence[Source],
        recipe: DetectionRecipe,
        where: Where = "whole",
        *,
        keep_edits: bool = True,
    ) -> None:
        """Begin to analyse images, unless a run goes on; what cannot be done is said.

        The pixel size of the recipe goes for all images. Without one, several images have each their own; that of a
        single one was shown to the person and cleared, so it is estimated.
        """
        if self.running:
            return
        self.results.choose_odds(recipe.tissue, prior=recipe.tissue_prior)
        self.results.choose_unsure(recipe.unsure)
        try:
            jobs = self._jobs(sources, recipe, where, keep_edits)
            score = recipe.score_threshold
            if score is None:
                score = cards.detector_card(recipe.weights).score_threshold
        except HemaLensError as error:
            self.refuse(str(error))
            return
        self.recipe, self._begun = recipe, False
        self.results.choose_score(score)
        self._begin(run(jobs, recipe, self._detect), self._on_update)

    def unknown_classes(self, files: Sequence[Path]) -> dict[str, int]:
        """Return the number of cells of each class in files of annotations of which it is not known what it is."""
        try:
            return unknown_names([field for file in files for field in read_annotations(file)])
        except HemaLensError:  # `annotate` says what is wrong
            return {}

    def annotate(
        self,
        sources: Sequence[Source],
        files: Sequence[Path],
        *,
        keep_edits: bool = True,
        classes: Mapping[str, str] | None = None,
    ) -> None:
        """Begin to show the cells that files of annotations hold for images, unless a run goes on.

        `classes` says what to call its unknown classes; '' leaves their cells out.
        """
        if self.running:
            return
        try:
            jobs = self._jobs(sources, self.recipe, "whole", keep_edits)
        except HemaLensError as error:
            self.refuse(str(error))
            return
        self._begun = False
        steps = annotation_steps(files, classes, alone=len(jobs) == 1)
        self._begin(run(jobs, self.recipe, steps), self._on_update)

    def corrections(self, sources: Sequence[Source], frame: str | None = None) -> int:
        """Return how many cells a person has corrected in a frame of these images, by default that on screen."""
        try:
            found = [self.results.field_for(source, self._frame(source, frame)) for source in sources]
        except ImageError:  # a run says what is wrong
            return 0
        return sum(f.cells.n_corrections for f in found if f is not None)

    def show_field(self, f: Field) -> None:
        """Show a field of a folder in place of another; of those on screen, let this one be seen alone."""
        if f.path is None or not f.hidden:
            self.results.uncover(f)
            return
        channel = recipe_of([f.cells.cells.provenance], self.recipe).channel
        try:
            data = image_layer(choose_colours(open_image(f.path, frame=f.frame), channel))
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return
        self.results.show_field(f, Layer.create(*data))

    def calibrate(self, count: int) -> None:
        """Set the score at which `count` nucleated cells are found."""
        try:
            score = score_for_count([f.cells for f in self.results.fields], count)
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return
        self.results.choose_score(score)
        self.message_sent.emit(f"A score of {score:g} gives {counted(count, 'nucleated cell')}.")

    def script(self, sources: Sequence[Source], recipe: DetectionRecipe, where: Where) -> str:
        """Return Python that does what Run does; what a person corrected is not in it."""
        asked = [ScriptedImage(s, regions_of(s, where), self._frame(s, recipe.frame)) for s in sources]
        return as_python(asked, recipe)

    def files_of_save(self, folder: Path, formats: Sequence[str]) -> tuple[Path, ...]:
        """Return the files and folders that `save` writes; none where it cannot."""
        try:
            return files_of_detected(self._detected(), folder, formats)
        except HemaLensError:  # `save` says what is wrong
            return ()

    def save(self, folder: Path, formats: Sequence[str]) -> None:
        """Write the cells as they are on screen, with tables and what it takes to make them again."""
        self._write(self._saving(folder, formats))

    @property
    def unsaved(self) -> int:
        """Corrections that no file holds."""
        return self._saved.unsaved

    def save_now(self, folder: Path) -> tuple[str, ...]:
        """Write the cells to a new folder `detected` in a folder, before anything else; return what is said of it."""
        return tuple(self._saving(new_folder(folder / "detected"), ("csv", "coco")))

    def _saving(self, folder: Path, formats: Sequence[str]) -> Generator[str, None, None]:
        return self._saved.keeping(save_steps(self._detected(), folder, formats))

    def _detected(self) -> DetectedCells:
        return DetectedCells.from_results(self.results, self._counted_by(), self.failures.reasons)

    def _counted_by(self) -> DetectionRecipe:
        """Return the options of the run, with those that were changed on its results."""
        chosen = ("score_threshold", "tissue", "tissue_prior", "unsure")
        recipe = recipe_of((f.cells.cells.provenance for f in self.results.fields), self.recipe)
        return recipe.model_copy(update={name: getattr(self.results, name) for name in chosen})

    def print_report(self, file: Path, how: ReportRecipe) -> None:
        """Write a report on the cells as they are on screen."""
        found = self._detected()
        steps = report_on_screen_steps(
            lambda place: workflows.write_results(found.fields, found.recipe, place), file, how, found.copies
        )
        self._write(steps)

    def collect(self, folder: Path) -> None:
        """Make a training set of the images in which a person corrected something."""
        fields, recipe = self.results.detections(), self._counted_by()
        steps = collect_corrections_steps(lambda place: workflows.write_results(fields, recipe, place), folder)
        self._write(steps)

    def _jobs(self, sources: Sequence[Source], recipe: DetectionRecipe, where: Where, keep_edits: bool) -> list[Job]:
        if not sources:
            raise ImageError("There is no image to analyse: open or select one first.")
        sized = len(sources) > 1 and recipe.pixel_size_um is None
        fields = [self._field(source, recipe.frame) for source in sources]
        self._run = RunFields(fields)
        jobs = [
            replace(
                job_of(f, source, where, sized=sized),
                before=f.cells if f in self.results.fields else None,
                keep_edits=keep_edits,
                given_up=partial(self._run.lost.__contains__, f),
            )
            for source, f in zip(sources, fields, strict=True)
        ]
        self.results.await_cells(fields)
        self.failures.begin(fields)
        return jobs

    def _field(self, source: Source, asked: str | None) -> Field:
        frame = self._frame(source, asked)
        return self.results.field_for(source, frame) or new_field(source, frame)

    def _frame(self, source: Source, asked: str | None) -> Frame:
        return frame_asked(self._viewer(), source, asked)

    def _on_update(self, update: Update) -> None:
        f = None if self._summary else self._run.follow(update)
        if f is None:
            return  # told while the run, or its image, was already given up
        if update.failure:
            alone = len(self._run) == 1
            self.failures.add(f, update.failure, listed=not alone)
            if alone:
                self.message_sent.emit(update.failure)
        else:
            self._show_progress(update.words, update.fraction)
        if update.cells is not None:
            if not self._begun:
                self.results.remember()
                self._begun = True
            self.results.put(f, update.cells)
            if f.hidden and all(g.hidden for g in self._run.fields):
                self.show_field(f)

    def _done(self) -> str:
        whole = not self.failures.of_run and not self._run.lost
        return super()._done() if whole else self._run.end_words(self.failures.of_run)

    def _on_lost(self, f: Field) -> None:
        """Do not go on with an image, or fill a layer, that a person has removed; others are not concerned."""
        if self.running and self._run.lose(f, found=f in self.results.fields):
            self.message_sent.emit(" ".join(self._run.lost.values()))
            if self._run.over:
                self._halt(self._run.end_words(self.failures.of_run), self._stop_words[1])

    def _set_running(self, running: bool) -> None:
        self.results.lock(running)
        super()._set_running(running)


def detection_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> DetectionSession:
    """Return the detection of a viewer, begun at the first call."""
    return session_for(DetectionSession, viewer, runner)
