"""Weights of the catalogue: which are not here yet, and fetching one beside what a dock does. No Qt."""

from collections.abc import Callable, Generator

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.gui.running import KeepResult, Listener, Runner
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.workflows.weights import (
    CatalogueEntry,
    add_weights_steps,
    available_weights_steps,
    look_up_weights_steps,
)

_CARD = 100  # kB that a model card has at most


class WeightsFetch(ViewerSession):
    """The download of weights for one viewer; all its docks offer the same.

    Attributes
    ----------
    offered : tuple of CatalogueEntry
        Weights that are not here; empty until they are known.
    wanted : str
        Name of the weights that are, or were last, fetched.
    """

    offers_changed = Signal()
    fetched = Signal(str)  # the name of weights that are here now

    def __init__(self, viewer: ViewerModel, runner: Runner) -> None:
        super().__init__(viewer, runner)
        self.offered: tuple[CatalogueEntry, ...] = ()
        self.wanted = ""

    def look(self) -> None:
        """Read the catalogue, which may be a laboratory's on a server."""

        def on_error(error: Exception) -> None:
            self.message_sent.emit(str(error))

        self._runner.run_in_background(_available(), Listener(on_step=self._on_offered, on_error=on_error))

    def fetch(self, entry: CatalogueEntry) -> None:
        """Download weights whose licence somebody has agreed to, and install them; one at a time."""
        if self.running:
            self.message_sent.emit(f"{self.wanted} is being fetched: {entry.name} has to wait until that has ended.")
            return
        self.wanted = entry.name
        self._begin(_fetch(entry), self._on_step)

    def stop(self) -> None:
        """Ask the download to stop; nothing of it is kept."""
        self._halt(f"Stopped: {self.wanted} is not here.", "Stopping…")

    def _on_offered(self, offered: tuple[CatalogueEntry, ...]) -> None:
        self.offered = offered
        self.offers_changed.emit()

    def _on_step(self, step: Progress) -> None:
        if not self._summary:
            share = min(step.share, 1.0) if step.total > _CARD else 0.0
            self._show_progress(f"{self.wanted}: {_words(step)}", share)

    def _done(self) -> str:
        return f"{self.wanted} is installed."

    def _on_end(self) -> None:
        super()._on_end()
        if self.completed:
            self._on_offered(tuple(entry for entry in self.offered if entry.name != self.wanted))
            self.fetched.emit(self.wanted)


def weights_fetch(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> WeightsFetch:
    """Return the fetching of a viewer, begun at the first call."""
    return session_for(WeightsFetch, viewer, runner)


def _words(step: Progress) -> str:
    """Return where a download is, in megabytes; of a card, which is read first and is small, that it is read."""
    if not step.done:
        return step.message
    if 0 < step.total <= _CARD:
        return "reading its model card"
    return f"{step.done / 1000:.1f} of {step.total / 1000:.1f} MB" if step.total else f"{step.done / 1000:.1f} MB"


def _available() -> Generator[tuple[CatalogueEntry, ...], None, None]:
    kept = KeepResult(available_weights_steps())
    for _ in kept:
        pass
    yield kept.result


def _fetch(entry: CatalogueEntry) -> Steps[None]:
    offer = yield from look_up_weights_steps(entry)
    yield from add_weights_steps(offer)
