"""*Train properly*, without its widgets: the network learns the labels of a project beside the teaching. No Qt."""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.running import KeepResult, Listener, Runner
from napari_hemalens.gui.viewer_session import ViewerSession
from napari_hemalens.progress import Steps
from napari_hemalens.workflows.fine_tuning import FineTuned, FineTuningRecipe, adopt, fine_tune_steps
from napari_hemalens.workflows.teaching import Project, TeachingSession
from napari_hemalens.workflows.weights import add_weights_steps

TuneSteps = Callable[[TeachingSession, FineTuningRecipe], Steps[FineTuned]]
"""Trains on the labels of a project: `fine_tuning.fine_tune_steps` or a stand-in."""


@dataclass(frozen=True, slots=True)
class TuningUpdate:
    """News of a training.

    Attributes
    ----------
    words : str
        For a status line.
    fraction : float
        Share that is done, in 0-1.
    step, loss : int, float or None
        A step of the training and its loss; None between.
    tuned : FineTuned or None
        What came out.
    """

    words: str
    fraction: float
    step: int = 0
    loss: float | None = None
    tuned: FineTuned | None = None


class TuningSession(ViewerSession):
    """The training of one viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.
    tune : TuneSteps, optional
        What trains, by default `fine_tuning.fine_tune_steps`.

    Attributes
    ----------
    losses : list of (int, float)
        Steps and their losses.
    tuned : FineTuned or None
        What the last training brought, until it is adopted or another one begins.
    """

    changed = Signal()  # losses, or what came out

    def __init__(self, viewer: ViewerModel, runner: Runner, tune: TuneSteps | None = None) -> None:
        super().__init__(viewer, runner)
        self._tune = tune or fine_tune_steps
        self._project: Project | None = None
        self.losses: list[tuple[int, float]] = []
        self.tuned: FineTuned | None = None

    def train(self, taught: TeachingSession | None, recipe: FineTuningRecipe) -> None:
        """Begin to train on the labels as they are now, unless a training goes on; what cannot be done is said."""
        if self.running:
            return
        if taught is None:
            self.message_sent.emit("Look at the cells and label some first.")
            return
        if taught.project.read_only:
            self.message_sent.emit(
                f"{taught.project.folder} is open to be looked at only: nothing can be trained in it."
            )
            return
        try:
            steps = self._tune(taught, recipe)
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return
        self._project = taught.project
        self.forget()
        self._begin(train_network(steps), self._on_update)

    def forget(self) -> None:
        """Let go of what the last training brought; its files stay."""
        self.losses, self.tuned = [], None
        self.changed.emit()

    def adopt(self) -> None:
        """Let the new weights look at the project's cells from the next start on, and let all docks know them."""
        if self.tuned is None or self._project is None:
            return
        card = self.tuned.card
        try:
            adopt(self._project, card)
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return
        self.forget()
        done = f"{card.name} looks at the cells of this project from the next start on"

        def on_error(error: Exception) -> None:
            self.message_sent.emit(f"{done}; Classify cells finds it in {card.file}, by choosing the file: {error}")

        def on_installed(_: object) -> None:
            self.message_sent.emit(f"{done}; Classify cells has it under 'Own classes'.")

        listener = Listener(on_step=on_installed, on_error=on_error)
        self._runner.run_in_background(_install(str(card.file)), listener)

    def stop(self) -> None:
        """Ask the training to stop; started again with the same labels, it goes on from there."""
        summary = "Stopped. With the same labels, it goes on from its last checkpoint; with others, it begins anew."
        self._halt(summary, "Stopping after this step…")

    def _on_update(self, update: TuningUpdate) -> None:
        if self._summary:
            return  # told while it was already asked to stop
        self._show_progress(update.words, update.fraction)
        if update.loss is not None:
            self.losses.append((update.step, update.loss))
        self.tuned = update.tuned
        self.changed.emit()


def train_network(steps: Steps[FineTuned]) -> Generator[TuningUpdate, None, None]:
    """Train, and tell of every step."""
    kept = KeepResult(steps)
    for progress in kept:
        loss = progress.partial if isinstance(progress.partial, float) else None
        where = f"step {progress.done:,} of {progress.total:,}, " if loss is not None else ""
        yield TuningUpdate(f"{where}{progress.message}", progress.share, progress.done, loss)
    yield TuningUpdate("trained", 1, tuned=kept.result)


def name_for(project: Project) -> str:
    """Return a name for weights that a project trains: that of its folder, as far as weights may be called so."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", project.folder.resolve().name).strip("-._")[:64]
    return plain or "taught"


def _install(file: str) -> Generator[object, None, None]:
    steps = KeepResult(add_weights_steps(file))
    for _ in steps:
        pass
    yield steps.result
