"""The results of a dock, which a run finds and a person corrects. No Qt."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

from psygnal import Signal


class Undoable(Protocol):
    """What can be taken back, and done again."""

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""


class CorrectedResults(ABC):
    """What is found in images, and corrected; nothing can be corrected while a run goes on.

    Parameters
    ----------
    history : Undoable
        The corrections.

    Attributes
    ----------
    locked : bool
        Whether a run goes on.
    """

    changed = Signal()  # other cells, or other words about them

    def __init__(self, history: Undoable) -> None:
        self.locked = False
        self._undoable = history

    @property
    @abstractmethod
    def display(self) -> Any:
        """What is shown of them."""

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction to take back."""
        return self._undoable.can_undo and not self.locked

    @property
    def can_redo(self) -> bool:
        """Whether there is one to make again."""
        return self._undoable.can_redo and not self.locked

    def lock(self, locked: bool) -> None:
        """Forbid or allow corrections."""
        self.locked = locked
        self.changed.emit()

    @abstractmethod
    def undo(self) -> None:
        """Take the last correction back."""

    @abstractmethod
    def redo(self) -> None:
        """Make it again."""
