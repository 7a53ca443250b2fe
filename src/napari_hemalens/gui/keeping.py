"""What docks and a project exchange, so that the work of a person is kept while it goes on. No Qt."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from napari.layers import Image
from psygnal import Signal

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.unsaved import SavedStates
from napari_hemalens.records.detections import Provenance
from napari_hemalens.workflows.kept_images import KeptImage
from napari_hemalens.workflows.work import Work, WorkFiles

A = TypeVar("A", bound=Recipe)

OF_MACHINE = {"device", "runtime"}
"""Options that no project keeps: where it is opened decides them."""

FindImage: TypeAlias = Callable[[KeptImage], Image | None]
"""Returns the layer of an image of a project, which is opened if it is not; None where that cannot be."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The work of a dock at one moment.

    Attributes
    ----------
    write : callable
        Writes it to the files of a project; in any thread.
    kept : callable
        To be called once it is written.
    """

    write: Callable[[WorkFiles, Path], bool]
    kept: Callable[[], object]


class Keeper(Protocol):
    """A dock whose work a project keeps.

    Attributes
    ----------
    kind : str
        One of `workflows.work.KINDS`.
    changed : Signal
        Something is to be kept.
    """

    kind: str
    changed: Any

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""

    @property
    def unsaved(self) -> int:
        """Corrections that no file holds."""

    def snapshot(self) -> Snapshot:
        """Return the work as it is now; it takes no time."""

    def clashes(self, work: Work) -> int:
        """Return how many cells a person corrected of images that a project keeps, too."""

    def take(self, work: Work, find: FindImage) -> Sequence[str]:
        """Show the work of a project; images that it does not keep stay and join them.

        Return a sentence for what is not as it was.
        """

    def release(self) -> None:
        """Let go of all work, which is kept where it is."""


class Run(Protocol):
    """Results that a run may be adding to."""

    locked: bool


R = TypeVar("R", bound=Run)
K = TypeVar("K", bound=Hashable)
Options = TypeVar("Options", bound=Recipe)


class ResultsKeeper(Generic[R, K, Options]):
    """What keepers of a dock's results have in common: its options, and what is not kept elsewhere.

    Parameters
    ----------
    results : Run
        What is kept.
    saved : SavedStates
        Which of it is in files.
    options : Recipe
        What is filled in in the dock.
    """

    changed = Signal()
    opened = Signal()  # other options, those of a project

    def __init__(self, results: R, saved: SavedStates[K], options: Options) -> None:
        self._results, self._saved, self.options = results, saved, options

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""
        return self._results.locked

    @property
    def unsaved(self) -> int:
        """Corrections that no file holds."""
        return self._saved.unsaved

    def choose_options(self, recipe: Options) -> None:
        """Note what is filled in in the dock."""
        if recipe != self.options:
            self.options = recipe
            self.changed.emit()

    @property
    def _said_options(self) -> dict[str, Any]:
        """The options as plain values."""
        return self.options.model_dump(mode="json", exclude=OF_MACHINE)

    def _take_options(self, said: Mapping[str, Any]) -> None:
        """Take the options of a project, unless they are of a version that knew other ranges."""
        try:
            self.options = kept_options(said, self.options)
        except HemaLensError:  # the dock's own stay
            return
        self.opened.emit()


def recipe_of(origins: Iterable[Provenance], last: A) -> A:
    """Return the options with which results came about: those of the last run, if it found any of them.

    Results of an earlier session, or of another task, say their own; of several, the last counts.
    """
    said = [origin.recipe for origin in origins if origin.recipe]
    if not said or last.model_dump(mode="json") in said:
        return last
    try:
        return last.from_options(**{name: value for name, value in said[-1].items() if name in type(last).model_fields})
    except HemaLensError:  # of a version whose options had other ranges
        return last


def kept_options(said: Mapping[str, Any], now: A) -> A:
    """Return options that a project kept, with those of the machine as they are now.

    Raises
    ------
    RecipeError
        If they are of a version whose options had other ranges.
    """
    known = {name: value for name, value in said.items() if name in type(now).model_fields}
    return now.from_options(**{**known, **{name: getattr(now, name) for name in OF_MACHINE}})
