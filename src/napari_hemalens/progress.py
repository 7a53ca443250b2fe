"""Long operations are generators: they yield where they are, and return the result."""

from collections.abc import Generator
from dataclasses import dataclass
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
    """

    done: int
    total: int
    message: str = ""
    partial: Any = None


Steps: TypeAlias = Generator[Progress, None, T]
"""A long operation: yields after every step, returns its result."""


def finish(steps: Steps[T]) -> T:
    """Run a long operation to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
