"""The slides of the open project, their queue and their comparison, without widgets. No Qt."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.config.report import LanguageCode
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.project.comparing import LastComparison
from napari_hemalens.gui.project.queue_progress import QueueProgress
from napari_hemalens.gui.project.session import ProjectSession
from napari_hemalens.gui.project.slide_layers import show_slide
from napari_hemalens.gui.running import Listener, Runner, without_partials
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.workflows.project_comparison import ProjectComparison, compare_project, countable_runs, write_page
from napari_hemalens.workflows.project_queue import (
    Operation,
    RunOutcome,
    outcomes_of,
    queue_run,
    remove_run,
    run_queue_steps,
    settings_of,
)
from napari_hemalens.workflows.project_results import results_of_slide
from napari_hemalens.workflows.project_slides import (
    ProjectSlide,
    SlidesTable,
    add_slides,
    missing_in_words,
    read_slides,
    write,
)
from napari_hemalens.workflows.run_outcomes import end_in_words, slide_in_words

RunQueue = Callable[[Path], Steps[tuple[RunOutcome, ...]]]
"""Runs what waits: `project_queue.run_queue_steps` or a stand-in."""

_BUSY = "Stop the run that goes on in a dock first, then the queue can be run."


class SlidesSession(ViewerSession):
    """The slides of the project that is open in a viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs the queue.
    run_queue : RunQueue, optional
        What runs it, by default `project_queue.run_queue_steps`.

    Attributes
    ----------
    projects : ProjectSession
        Which project is open.
    slides : SlidesTable
        Of the project.
    outcomes : tuple of RunOutcome
        Of the runs in its queue.
    readable : bool
        Whether both could be read; if not, it was said why.
    """

    changed = Signal()  # slides, runs, or what is compared

    def __init__(self, viewer: ViewerModel, runner: Runner, run_queue: RunQueue | None = None) -> None:
        super().__init__(viewer, runner)
        self._run_queue = run_queue or run_queue_steps
        self._progress = QueueProgress()  # since the queue was resumed
        self.projects = session_for(ProjectSession, viewer, lambda _: runner)
        self.slides = SlidesTable()
        self.outcomes: tuple[RunOutcome, ...] = ()
        self._comparison = LastComparison()
        self._end = ""  # how the queue has ended, in words
        self.projects.wait_for(lambda: self.running)
        self.projects.changed.connect(self._on_project)
        self.reload()

    @property
    def folder(self) -> Path | None:
        """Of the open project; None without one."""
        return None if self.projects.project is None else self.projects.project.folder

    @property
    def keeps(self) -> bool:
        """Whether there is a project, and it may be changed."""
        return self.projects.keeps

    @property
    def compared(self) -> ProjectComparison | None:
        """The last comparison of groups; None without one that holds."""
        return self._comparison.found

    @property
    def outdated(self) -> bool:
        """Whether slides or cells have changed since groups were compared."""
        return self._comparison.outdated

    def reload(self) -> None:
        """Read slides and queue again: a spreadsheet or the command line may have changed them."""
        folder, self.slides, self.outcomes = self.folder, SlidesTable(), ()

        def read() -> None:
            if folder is not None:
                try:
                    self.slides = read_slides(folder)
                finally:  # a table that is damaged takes no run off the screen
                    self.outcomes = outcomes_of(folder)

        self.readable = super()._try(read)
        self._comparison.check((self.slides, self.outcomes))
        if self._end and self._end != self._done():  # what failed is no longer there
            self._end = self._done()
            self.progressed.emit(self._end, 1.0)
        self.changed.emit()

    def add(self, images: Sequence[Path] = (), table: Path | None = None) -> None:
        """Add images, and what a table says of slides."""
        folder = self.folder
        if folder is None or not self.keeps:
            return
        if self._try(lambda: add_slides(folder, images, table)):
            self.message_sent.emit(missing_in_words(folder, self.slides))

    def write_texts(self, rows: Sequence[int], column: str, text: str) -> None:
        """Write the same into several rows of a column."""

        def written(table: SlidesTable) -> SlidesTable:
            for row in rows:
                table = table.with_text(row, column, text)
            return table

        self._change(written)

    def remove(self, rows: Sequence[int]) -> None:
        """Take slides out of the table; their files and results stay."""
        self._change(lambda table: table.without(rows))

    def results_in_words(self, slide: ProjectSlide) -> tuple[str, str]:
        """Return what runs found in a slide, and why some could not look at it."""
        return slide_in_words(self.outcomes, slide.path)

    def settings(self, operation: Operation) -> Recipe | None:
        """Return the options of a dock as the project keeps them; None without a project."""
        if self.folder is None:
            return None
        if self.keeps:
            self.projects.keep_now()
        return settings_of(self.folder, operation).model_copy(update={"device": preference("device")})

    def add_run(self, operation: Operation) -> None:
        """Add a run over all slides, with the options of the dock, and run the queue unless it runs already."""
        if (folder := self.folder) is None or not self.keeps:
            return

        def added() -> None:
            recipe = self.settings(operation)
            if recipe is not None:
                queue_run(folder, operation, recipe)

        if self._try(added) and not self.running:
            self.resume()

    def remove_run(self, name: str) -> None:
        """Take a run out of the queue, be it the one that goes on, which then ends; its results stay."""
        if (folder := self.folder) is not None and self.keeps:
            self._try(lambda: remove_run(folder, name))

    def resume(self) -> None:
        """Run what waits in the queue, unless it runs; what cannot be done is said."""
        if self.running or self.folder is None or not self.keeps:
            return
        if self.projects.busy:
            self.message_sent.emit(_BUSY)
            return
        self._progress, self._end = QueueProgress(), ""
        self._begin(without_partials(self._run_queue(self.folder)), self._on_progress)
        self._show_progress("Beginning…", 0.0)

    @property
    def at_run(self) -> str:
        """Name of the run that goes on; '' while none does."""
        return self._progress.run if self.running else ""

    @property
    def reached(self) -> int:
        """How many slides the run that goes on has looked at."""
        return self._progress.reached

    def stop(self) -> None:
        """Ask the queue to stop after the step at hand."""
        self._halt("Stopped. What was found is kept; Resume goes on from there.", "Stopping after this step…")

    def compare(self, run: str | None, groups: tuple[str, str] | None, language: LanguageCode = "en") -> None:
        """Count and compare groups away from the window; tables, and a page in a language, are written, too."""
        folder = self.folder
        if folder is None or not self.keeps:
            return

        def counted() -> Generator[ProjectComparison, None, None]:
            yield compare_project(folder, run, groups, language=language)

        def take(found: ProjectComparison | None) -> None:
            self._comparison.take(found, asked)
            self._comparison.check((self.slides, self.outcomes))
            self.changed.emit()

        def refused(error: Exception) -> None:
            take(None)  # the one before would be taken for it
            self._on_error_beside(error)

        self.message_sent.emit("")  # what was said of the comparison before
        self.reload()  # which is what is counted, whoever has changed it
        asked = (self.slides, self.outcomes)
        self._runner.run_in_background(counted(), Listener(on_step=take, on_error=refused))

    def translate(self, language: LanguageCode) -> None:
        """Write the page of the last comparison in another language."""
        compared = self.compared
        if compared is None or compared.language == language or not self.keeps:
            return
        try:
            self._comparison.translate(write_page(compared, language))
            self.changed.emit()
        except HemaLensError as error:
            self.message_sent.emit(str(error))

    @property
    def countable(self) -> tuple[str, ...]:
        """Names of the runs whose cells can be counted."""
        try:
            return () if self.folder is None else countable_runs(self.folder)
        except HemaLensError:  # reload has said why
            return ()

    def open_slide(self, row: int) -> None:
        """Show a slide with what the runs found in it; without results the slide alone."""
        viewer, folder, slide = self._viewer(), self.folder, self.slides.slides[row]
        if viewer is None or folder is None:
            return
        try:
            there = any(slide.path in outcome.cells for outcome in self.outcomes)
            found = results_of_slide(folder, slide.path) if there else ()
            self.projects.slide_opened.emit(show_slide(viewer, slide.located(folder), found))
        except HemaLensError as error:
            self.message_sent.emit(str(error))

    def _change(self, how: Callable[[SlidesTable], SlidesTable]) -> None:
        """Change the table as it is on screen, unless something else has changed it on the disk."""
        folder = self.folder
        if folder is None or not self.keeps:
            return

        def changed() -> None:
            if read_slides(folder) != self.slides:
                self.message_sent.emit("slides.csv was changed elsewhere and is read again: make the change once more.")
                return
            write(how(self.slides), folder)

        self._try(changed)

    def _try(self, act: Callable[[], object]) -> bool:
        """Do something, or say why it cannot be done; read all again if it was done, and return whether it was."""
        done = super()._try(act)
        if done:
            self.reload()
        return done

    def _on_progress(self, progress: Progress) -> None:
        if self._summary:
            return  # told while it was already asked to stop
        begins = self._progress.note(progress)
        self._show_progress(progress.message, progress.share)
        if begins:  # the one before is done
            self.reload()

    def _on_end(self) -> None:
        self._progress.run = ""
        self.reload()
        super()._on_end()
        self._end = "" if self._summary else self._done()

    def _done(self) -> str:
        return end_in_words([outcome for outcome in self.outcomes if outcome.run.name in self._progress.begun])

    def _on_project(self) -> None:
        self._comparison, self._end = LastComparison(), ""
        self.reload()


def slides_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> SlidesSession:
    """Return the slides of a viewer's project, begun at the first call."""
    return session_for(SlidesSession, viewer, runner)
