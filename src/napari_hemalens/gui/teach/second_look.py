"""A second look: the labels that the model contradicts, one after the other. No Qt."""

from collections.abc import Callable, Generator, Sequence

from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.gui.viewer_session import why_not
from napari_hemalens.progress import counted
from napari_hemalens.workflows.teaching import Refit


class SecondLook:
    """Which cells are to be looked at again.

    Parameters
    ----------
    runner : Runner
        Runs what finds them.
    say : callable
        Is told a sentence for the person.
    """

    def __init__(self, runner: Runner, say: Callable[[str], object]) -> None:
        self._runner, self._say = runner, say
        self._left: list[int] = []
        self._looking = False

    @property
    def left(self) -> Sequence[int]:
        """Rows of the cells that are left, the one that is shown first."""
        return tuple(self._left)

    def find(self, refit: Refit, then: Callable[[], object]) -> None:
        """Find the labels that a model contradicts which was not told them; `then` is called if there are any."""
        if self._looking:
            return
        self._looking = True

        def on_found(rows: list[int]) -> None:
            self._left = rows
            if not rows:
                self._say("The model contradicts no label.")
                return
            labels = counted(len(rows), "label is contradicted", "labels are contradicted")
            self._say(f"{labels}: give each cell its class; Skip keeps the label.")
            then()

        def on_error(error: Exception) -> None:
            self._say(why_not(error))

        def on_end() -> None:
            self._looking = False

        self._runner.run_in_background(_find(refit), Listener(on_found, on_error, on_end))

    def go_on(self) -> int | None:
        """Return the row of the next cell; None: that was the last."""
        self._left = self._left[1:]
        return self._left[0] if self._left else None

    def end(self) -> None:
        """Look at no other cell again."""
        self._left = []


def _find(refit: Refit) -> Generator[list[int], None, None]:
    yield refit.contradicted().tolist()
