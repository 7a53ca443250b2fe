"""The model of a pool follows the labels, away from the window."""

from collections.abc import Callable

from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.gui.teach.jobs import run_refit
from napari_hemalens.workflows.teaching import Refitted, TeachingSession


class Refitting:
    """Refits the model of the pool that is taught, as often as its labels have changed, and once at a time.

    Parameters
    ----------
    runner : Runner
        Runs a refit in the background.
    taught : callable
        Returns the pool that is taught now, or None.
    said : callable
        Takes a sentence: why a model could not be fitted.
    accepted : callable
        Is called once the pool has a new model.
    """

    def __init__(
        self,
        runner: Runner,
        taught: Callable[[], TeachingSession | None],
        *,
        said: Callable[[str], None],
        accepted: Callable[[], None],
    ) -> None:
        self._runner, self._taught, self._said, self._accepted = runner, taught, said, accepted
        self._running = False

    def follow(self) -> None:
        """Bring the model up to date; labels given meanwhile are for the next refit, which follows at once."""
        taught = self._taught()
        if taught is None or self._running or taught.is_up_to_date:
            return
        self._running = True
        failed: list[Exception] = []

        def on_error(error: Exception) -> None:
            failed.append(error)
            self._said(f"The model could not be fitted: {error}")

        def on_end() -> None:
            self._running = False
            if not failed:
                self.follow()

        listener = Listener(lambda found: self._accept(taught, found), on_error, on_end)
        self._runner.run_in_background(run_refit(taught.prepare_refit()), listener)

    def _accept(self, taught: TeachingSession, found: Refitted) -> None:
        if taught is self._taught():  # not a pool that was left meanwhile
            taught.accept(found)
            self._accepted()
