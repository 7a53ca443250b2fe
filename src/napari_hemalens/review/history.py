"""Undo and redo: states are immutable, so keeping one is all it takes."""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

S = TypeVar("S")


class History(Generic[S]):
    """The states a person can go back to, and forth again.

    Parameters
    ----------
    limit : int
        States kept; the oldest goes first.
    """

    def __init__(self, limit: int = 50) -> None:
        self._limit = limit
        self._past: list[S] = []
        self._future: list[S] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a state to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a state to go forth to."""
        return bool(self._future)

    def remember(self, now: S) -> None:
        """Keep the state that is about to be left; what was undone before cannot be redone any more."""
        self._past = [*self._past, now][-self._limit :]
        self._future.clear()

    def back(self, now: S) -> S:
        """Return the state before `now`, or `now` where there is none."""
        if not self._past:
            return now
        self._future.append(now)
        return self._past.pop()

    def forth(self, now: S) -> S:
        """Return the state that was undone last, or `now` where there is none."""
        if not self._future:
            return now
        self._past.append(now)
        return self._future.pop()

    @property
    def past(self) -> Sequence[S]:
        """The states to go back to, the last one last."""
        return tuple(self._past)

    def begin(self, past: Iterable[S] = ()) -> None:
        """Begin anew, with states to go back to and none to go forth to."""
        self._past = [*past][-self._limit :]
        self._future.clear()
