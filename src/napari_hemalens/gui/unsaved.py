"""What a person corrected and no file holds yet. No Qt."""

from collections.abc import Callable, Container, Generator, Hashable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Generic, Protocol, TypeVar

SAVED = "Saved"
"""How the sentence of a session begins whose files were written."""


def new_folder(folder: Path) -> Path:
    """Return a folder that is not there yet: this one, else the first of `<name>-2`, `<name>-3` and so on."""
    names = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    return next(each for each in chain((folder,), names) if not each.exists())


class Corrected(Protocol):
    """Cells as a person leaves them; replaced with every change."""

    @property
    def n_corrections(self) -> int:
        """Cells that a person changed."""


K = TypeVar("K", bound=Hashable)


class SavedStates(Generic[K]):
    """Which states of the results are in files.

    Parameters
    ----------
    now : callable
        Returns the cells of each result, by what they are of.
    """

    def __init__(self, now: Callable[[], Mapping[K, Corrected]]) -> None:
        self._now = now
        self._saved: Mapping[K, Corrected] = {}

    @property
    def unsaved(self) -> int:
        """Corrections in results that have changed since they were saved, or never were."""
        changed = ((self._saved.get(of), cells) for of, cells in self._now().items())
        return sum(cells.n_corrections for before, cells in changed if cells is not before)

    @property
    def now(self) -> Mapping[K, Corrected]:
        """The cells of each result."""
        return self._now()

    def keep(self, states: Mapping[K, Corrected]) -> None:
        """Take it that results as they were at some time are in files."""
        self._saved = {**self._saved, **states}

    def keeping(
        self, steps: Generator[str, None, None], only: Container[K] | None = None
    ) -> Generator[str, None, None]:
        """Return steps that save results as they are now, all or `only` some, and remember it where they say so."""
        now = {of: cells for of, cells in self._now().items() if only is None or of in only}

        def passed_on() -> Generator[str, None, None]:
            for sentence in steps:
                if sentence.startswith(SAVED):
                    self.keep(now)
                yield sentence

        return passed_on()
