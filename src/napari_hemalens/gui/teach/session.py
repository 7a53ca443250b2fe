"""Teach, without its widget: a project, a pool of cells, and what a person says of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.axes import guess_in_words
from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.image_names import image_name
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.running import Runner, Stop, nothing
from napari_hemalens.gui.teach import keys
from napari_hemalens.gui.teach.images import open_missing
from napari_hemalens.gui.teach.jobs import StartSteps, TeachUpdate, begin_teaching
from napari_hemalens.gui.teach.layers import TaughtLayers
from napari_hemalens.gui.teach.refitting import Refitting
from napari_hemalens.gui.teach.second_look import SecondLook
from napari_hemalens.gui.teach.sources import CellSource, cells_of_project
from napari_hemalens.gui.teach.training import TuneSteps, TuningSession
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import counted
from napari_hemalens.workflows.images import Frame
from napari_hemalens.workflows.teaching import (
    Project,
    TeachingRecipe,
    TeachingSession,
    open_project,
    start_steps,
)


class TeachSession(ViewerSession):
    """The teaching of one viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.
    start : StartSteps, optional
        What looks at the cells, by default `teaching.start_steps`.
    tune : TuneSteps, optional
        What trains the network, by default `fine_tuning.fine_tune_steps`.

    Attributes
    ----------
    project : Project or None
        That is open.
    taught : TeachingSession or None
        The pool that is taught.
    layers : TaughtLayers
        Its cells in the viewer.
    second_look : SecondLook
        Labels that the model contradicts.
    training : TuningSession
        *Train properly*.
    """

    project_changed = Signal()  # another one, or its classes
    begun = Signal()  # a pool is there
    changed = Signal()  # the cell that is shown, what was said, or what the model makes of it: told at once
    drawn = Signal()  # the same, once the circles have followed

    def __init__(
        self, viewer: ViewerModel, runner: Runner, start: StartSteps | None = None, tune: TuneSteps | None = None
    ) -> None:
        super().__init__(viewer, runner)
        self._start = start or start_steps
        self.project: Project | None = None
        self.taught: TeachingSession | None = None
        self.layers = TaughtLayers(viewer, self.go_to)
        self.second_look = SecondLook(runner, self.message_sent.emit)
        self.training = TuningSession(viewer, runner, tune)
        self._images: Mapping[str, Image] = {}  # open layers that cells are read from, by name or file
        self._refitting = Refitting(
            runner, lambda: self.taught, said=self.message_sent.emit, accepted=lambda: self._show(move=False)
        )
        self._frames: Mapping[Image, Frame] = {}  # of those layers
        self._moves = False
        self._left_out = 0  # boxes that are not taught
        self._stop_drawing: Stop = nothing

    def open_project(self, folder: Path, *, preset: str | None = None, read_only: bool = False) -> bool:
        """Open or make a project in place of the one before, and return whether it is open; else it is said why."""
        if self.busy:
            self.message_sent.emit("Stop first: something goes on in the project that is open.")
            return False
        if self.project is not None:
            self.project.close()
        project = None
        try:
            project = open_project(folder, preset=preset, read_only=read_only)
        except HemaLensError as error:
            self.message_sent.emit(str(error))
        self.take_project(project)
        return project is not None

    @property
    def busy(self) -> bool:
        """Whether cells are looked at, or the network is trained."""
        return self.running or self.training.running

    def take_project(self, project: Project | None) -> None:
        """Teach in a project that is open, in place of the one before, or (None) in none."""
        self.training.forget()
        self.second_look.end()
        self.project, self.taught = project, None
        self.layers.clear()
        self.project_changed.emit()
        self.changed.emit()
        if project is not None and project.notes:
            self.message_sent.emit(" ".join(project.notes))

    def change_classes(self, change: Callable[[Project], None]) -> None:
        """Add, change or remove a class; what cannot be done is said."""
        project = self.project
        if project is not None:
            self._try(lambda: change(project))
            self._bind_keys()
            self.project_changed.emit()
            self._show()

    def start(self, sources: Sequence[CellSource], recipe: TeachingRecipe) -> None:
        """Begin to teach cells, unless a run goes on."""
        if self.running:
            return
        if self.project is None:
            self.message_sent.emit("Choose a folder under 'Project' first: what you say of the cells is kept there.")
            return
        self._left_out = sum(source.left_out for source in sources)
        layers = [source.image for source in sources if source.image is not None]
        self._images = {**self._images, **{image_name(layer): layer for layer in layers}}
        self._frames = {source.image: source.frame for source in sources if source.image is not None}
        self._begin(begin_teaching(self.project, sources, recipe, self._start), self._on_update)

    def resume(self, recipe: TeachingRecipe) -> None:
        """Go on with the cells that were looked at last in the project, if there are any."""
        source = None if self.project is None else cells_of_project(self.project)
        if source is not None:
            self.start([source], recipe)

    @property
    def can_say(self) -> bool:
        """Whether a cell is shown that may be named now."""
        taught = self.taught
        return taught is not None and taught.current is not None and not self.running and not taught.project.read_only

    def press(self, key: str) -> None:
        """Give the cell that is shown the class of a key, and go on."""
        found = None if self.project is None else self.project.classes.of_key(key)
        if found is not None:
            self.label(found.name)

    def label(self, name: str) -> None:
        """Give the cell that is shown a class, and go on."""
        self._say(lambda taught: taught.label(name))

    def skip(self) -> None:
        """Pass over the cell that is shown; in a second look, its label stays."""
        if self._looks_again:
            self._look_at_next()
        else:
            self._say(lambda taught: taught.skip())

    def not_sure(self) -> None:
        """Say that the cell that is shown cannot be told."""
        self._say(lambda taught: taught.not_sure())

    def label_rows(self, rows: Sequence[int], name: str) -> None:
        """Give several cells a class, in one step."""
        self._do(lambda taught: taught.label_rows(rows, name))

    def undo(self) -> None:
        """Take the last step back."""
        self._do(lambda taught: taught.undo())

    def redo(self) -> None:
        """Make it again."""
        self._do(lambda taught: taught.redo())

    def look_again(self) -> None:
        """Show the labels that the model contradicts, one after the other."""
        if self.taught is not None and not self.running:
            self.second_look.find(self.taught.prepare_refit(), lambda: self.go_to(self.second_look.left[0]))

    def picture_of(self, row: int) -> NDArray[np.uint8]:
        """Return the picture (64, 64, 3) of a cell of the pool; a black one where there is no pool."""
        return np.zeros((64, 64, 3), np.uint8) if self.taught is None else self.taught.embedded.thumbnails[row]

    def go_to(self, row: int) -> None:
        """Show a cell of the person's choice."""
        if self.taught is not None and not self.running:
            self.taught.go_to(row)
            self._show()

    def _say(self, word: Callable[[TeachingSession], None]) -> None:
        if self.can_say and self.taught is not None:
            again = self._looks_again
            self._do(word)
            if again:
                self._look_at_next()

    @property
    def _looks_again(self) -> bool:
        return self.taught is not None and self.taught.current in self.second_look.left[:1]

    def _look_at_next(self) -> None:
        row = self.second_look.go_on()
        if row is not None:
            self.go_to(row)
        elif self.taught is not None:
            self.message_sent.emit("That was the last one.")
            self.taught.go_on()
            self._show()

    def _do(self, word: Callable[[TeachingSession], None]) -> None:
        if self.taught is not None and not self.running:
            taught = self.taught
            taught.project.observer = OBSERVER.name
            self._try(lambda: word(taught))
            self._show()

    def _show(self, *, move: bool = True) -> None:
        """Tell what has changed; a key is answered before camera, circles and model follow, one after the other."""
        self._moves = move or self._moves
        self.changed.emit()
        self._stop_drawing()
        self._stop_drawing = self._runner.run_idle(self._draw())

    def _draw(self) -> Iterator[None]:
        taught = self.taught
        if taught is not None:
            if self._moves:
                self._moves = False
                self.layers.visit(taught)
            self.layers.colour(taught)
            yield
        self.drawn.emit()
        self._refitting.follow()

    def _done(self) -> str:
        if self.taught is None:
            return super()._done()
        ready = f"{counted(len(self.taught), 'cell is', 'cells are')} ready to be named"
        others = counted(self._left_out, "red cell or platelet", "red cells and platelets")
        return f"{ready}; {others} left out." if self._left_out else f"{ready}."

    def _on_update(self, update: TeachUpdate) -> None:
        if self._summary:
            return  # told while the run was already asked to stop
        self._show_progress(update.words, update.fraction)
        if update.taught is not None:
            self.taught = update.taught
            self.second_look.end()
            self._open_images(update.taught)
            self.layers.begin(update.taught, self._images, self._frames)
            self._hide_names()
            self._bind_keys()
            self._show()
            self.begun.emit()

    def _open_images(self, taught: TeachingSession) -> None:
        """Open the images of a pool that are not open; what is not as it was is said."""
        viewer = self._viewer()
        if viewer is not None:
            found, notes = open_missing(viewer, taught, self._images)
            self._images = {**self._images, **found}
            guessed = {name: guess_in_words(layer) for name, layer in self._images.items()}
            guesses = [f"{name}: {words}" for name, words in guessed.items() if words]
            if taught.embedded.notes or notes or guesses:
                self.message_sent.emit(" ".join((*taught.embedded.notes, *notes, *guesses)))

    def _hide_names(self) -> None:
        """Hide all that docks have found: what cells are called there should not be read while naming them."""
        viewer = self._viewer()
        for layer in [] if viewer is None or not [*self.layers] else viewer.layers:
            if layer.visible and (holds_cells(layer) or MARK in layer.metadata):
                layer.visible = False

    def _bind_keys(self) -> None:
        if self.project is not None:
            for layer in self.layers:
                keys.bind(layer, self, {each.name: each.key for each in self.project.classes})

    def _set_running(self, running: bool) -> None:
        super()._set_running(running)
        self.changed.emit()


def teach_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> TeachSession:
    """Return the teaching of a viewer, begun at the first call."""
    return session_for(TeachSession, viewer, runner)
