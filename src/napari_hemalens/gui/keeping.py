"""What docks and a project exchange, so that the work of a person is kept while it goes on. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from napari.layers import Image

from napari_hemalens.workflows.kept_images import KeptImage
from napari_hemalens.workflows.work import Work, WorkFiles

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
