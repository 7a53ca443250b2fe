"""How long operations run: what a session asks of whoever knows threads."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from napari_hemalens.progress import Progress, Steps

T = TypeVar("T")

Stop: TypeAlias = Callable[[], None]
"""Asks what is running to stop; does no harm afterwards."""

RunIdle: TypeAlias = Callable[[Iterator[None]], Stop]
"""Runs something a step at a time between the events of the window; returns what stops it."""


def nothing(*_: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told how a long operation goes, always in the thread of the window."""

    on_step: Callable[[Any], object] = nothing
    on_error: Callable[[Exception], object] = nothing
    on_end: Callable[[], object] = nothing


class Runner(Protocol):
    """Threads and timers with Qt; in a test, whatever is at hand."""

    def run_in_background(self, steps: Generator[Any, None, Any], listener: Listener) -> Stop:
        """Run steps away from the window."""

    def run_idle(self, steps: Iterator[None]) -> Stop:
        """Run steps between the events of the window."""

    def run_later(self, act: Callable[[], object], seconds: float) -> None:
        """Do something in a while, unless the window is gone by then."""


class KeepResult(Generic[T]):
    """Steps that can be looped over, and whose result is kept."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self.result: T

    def __iter__(self) -> Iterator[Progress]:
        self.result = yield from self._steps


def without_partials(steps: Steps[Any]) -> Generator[Progress, None, None]:
    """Tell of every step without what was found in it, which nobody asks for."""
    for progress in KeepResult(steps):
        yield replace(progress, partial=None)
