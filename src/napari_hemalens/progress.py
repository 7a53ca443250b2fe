"""Long operations are generators: they yield where they are, and return the result."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long operation is.

    Attributes
    ----------
    done, total : int
        Steps finished, and steps in all; `total` 0 means that it is not known.
    message : str
        What was just done, in words for a status line; may be empty.
    partial : object
        What is known so far (of the result's type), or None.
    at : float or None
        The share of the whole that is done, in 0-1, where `done` of `total` does not say it.
    reused : bool
        Whether the step took no work, since an earlier run had done it.
    """

    done: int
    total: int
    message: str = ""
    partial: Any = None
    at: float | None = None
    reused: bool = False

    @property
    def share(self) -> float:
        """What is done of the whole, in 0-1; 0 while it is not known."""
        return self.done / max(self.total, 1) if self.at is None else self.at


Steps: TypeAlias = Generator[Progress, None, T]
"""A long operation: yields after every step, returns its result."""


def stage(steps: Steps[T], start: float, end: float) -> Steps[T]:
    """Run a part of a longer operation, which takes that from one share in 0-1 to another; returns its result."""
    while True:
        try:
            step = next(steps)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]
        yield replace(step, at=start + (end - start) * step.share)


def finish(steps: Steps[T]) -> T:
    """Run a long operation to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
