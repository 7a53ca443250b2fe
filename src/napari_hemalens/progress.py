"""Long operations are generators: they yield where they are, and return the result; how much longer they take."""

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

_LEAST_STEPS, _LEAST_S = 2, 2.0  # measured before anything is said
_MEMORY_S = 15.0  # seconds after which a step weighs 1/e, in a run that has lasted twice as long or less
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


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


class RemainingTime:
    """Estimates from steps that were measured how long the rest takes.

    Later steps weigh more than earlier ones. What comes before the first step, such as loading weights, is left out;
    so are steps that an earlier run had done. Where the share falls, something else has begun, and so does the measure.

    Parameters
    ----------
    clock : callable
        Returns seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Forget all steps."""
        self._share, self._at, self._began = 0.0, 0.0, 0.0
        self._advance, self._took = 0.0, 0.0  # of measured steps: share and seconds, later ones weighing more
        self._steps, self._measured_s = 0, 0.0

    def note(self, share: float, *, reused: bool = False) -> None:
        """Take note that a share in 0-1 is done; `reused`: the last step took no work."""
        now = self._clock()
        if share < self._share or self._share == 0:
            self.restart()
            self._began = now
        elif share == self._share:
            return  # its time counts for the step that goes on
        elif not reused:
            self._measure(share - self._share, now)
        self._share, self._at = share, now

    def _measure(self, advance: float, now: float) -> None:
        took = now - self._at
        kept = math.exp(-took / max(_MEMORY_S, (now - self._began) / 2))
        self._advance = self._advance * kept + advance
        self._took = self._took * kept + took
        self._steps += 1
        self._measured_s += took

    @property
    def seconds(self) -> float | None:
        """How long the rest takes; None while it is not known."""
        if self._steps < _LEAST_STEPS or self._measured_s < _LEAST_S:
            return None
        return (1 - self._share) * self._took / self._advance

    @property
    def words(self) -> str:
        """How long the rest takes, such as 'about 3 minutes left'; empty while it is not known, and at the end."""
        seconds = self.seconds
        return "" if seconds is None or self._share >= 1 else f"{in_words(seconds)} left"


def in_words(seconds: float) -> str:
    """Return a time as a person says it, as exactly as an estimate is."""
    if seconds <= _MINUTE / 6:
        return "a few seconds"
    if (tens := 10 * math.ceil(seconds / 10)) < _MINUTE:
        return f"about {tens} seconds"
    if (minutes := max(1, round(seconds / _MINUTE))) < _MINUTE:
        return f"about {counted(minutes, 'minute')}"
    if seconds >= 2 * _DAY:
        return f"about {counted(round(seconds / _DAY), 'day')}"
    hours, minutes = divmod(5 * round(seconds / _MINUTE / 5), _MINUTE)
    if hours >= 10 or not minutes:  # from ten hours on, minutes say nothing
        return f"about {counted(round(seconds / _HOUR), 'hour')}"
    return f"about {counted(hours, 'hour')} {minutes} minutes"


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return a number of things in words: '1 cell', '2,000 cells', '1 image was' of 'image was' and 'images were'."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"
