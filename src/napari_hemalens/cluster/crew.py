"""Calls to the workers of a cluster: few at a time, tried again a bounded number of times, taken back on a stop."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

from distributed import Client, Future, KilledWorker

from napari_hemalens.errors import ClusterError, DeviceError, HemaLensError
from napari_hemalens.formats.decoding import DAMAGE

T = TypeVar("T")

_BEAT_S = 0.5  # seconds after which a caller hears of a run that waits, so that it can be stopped
_COUNT_S = 2.0  # seconds between looks at how many workers there are
_AHEAD = 2  # calls a thread of a worker: one that it computes, one that waits


@dataclass(frozen=True, slots=True)
class Call:
    """A function that a worker computes.

    Attributes
    ----------
    function, arguments : callable, tuple
        What is computed; small, since it travels.
    take : callable
        Takes the result, on this machine.
    what : str
        What it is about, for errors: 'tile 7 of a.tif'.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    take: Callable[[Any], object]
    what: str


Errand: TypeAlias = Generator[Iterable[Call], None, T]
"""Work of many calls: yields those that may be computed in any order, and goes on once all of them are taken."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """What became of an errand.

    Attributes
    ----------
    number : int
        Which, from 0.
    result : object or None
        What it returned.
    error : Exception or None
        What it raised.
    """

    number: int
    result: T | None = None
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class _Underway:
    """An errand that was begun: its calls that are not made yet, and how many are not answered."""

    number: int
    errand: Errand[Any]
    calls: Iterator[Call] = field(default_factory=lambda: iter(()))
    unanswered: int = 0


@dataclass(slots=True)
class _Attempt:
    """A call that was made: whose, for the how manieth time, and what will hold its result."""

    call: Call
    of: _Underway
    future: Future
    tries: int = 1


def run_errands(
    client: Client, errands: Iterable[Errand[T]], *, retries: int = 3
) -> Generator[Ended[T] | None, None, None]:
    """Run errands on a cluster, later ones beside earlier ones where workers would wait.

    Yields what became of each errand as it ends; and None after every result, and while there is none, at least twice
    a second. Closed, it takes back what is not computed yet and closes the errands that are underway.

    Parameters
    ----------
    client : Client
        Connected to a scheduler.
    errands : iterable of Errand
        Begun as workers have nothing else to do.
    retries : int
        How often a call that failed is made again; one that a `HemaLensError` answers would fail again, and is not.

    Raises
    ------
    ClusterError
        If the scheduler goes away.
    """
    return _Crew(client, retries).run(errands)


class _Crew:
    """Calls underway, and the errands that they belong to."""

    def __init__(self, client: Client, retries: int) -> None:
        self.client, self.retries = client, retries
        self.answered: SimpleQueue[Future] = SimpleQueue()
        self.attempts: dict[str, _Attempt] = {}
        self.underway: list[_Underway] = []
        self.ended: deque[Ended[Any]] = deque()
        self.room, self.counted = _AHEAD, float("-inf")

    def run(self, errands: Iterable[Errand[T]]) -> Generator[Ended[T] | None, None, None]:
        new = iter(enumerate(errands))
        try:
            while True:
                self._fill(new)
                while self.ended:
                    yield self.ended.popleft()
                if not self.attempts:
                    return
                with suppress(Empty):
                    self._answer(self.answered.get(timeout=_BEAT_S))
                self._check_there()
                yield None
        finally:
            self._take_back(list(self.attempts))
            for each in self.underway:
                each.errand.close()

    def _take_back(self, keys: Iterable[str]) -> None:
        futures = [self.attempts.pop(key).future for key in keys]
        if self.client.status == "running":  # of a scheduler that is gone, nothing can be taken back
            with suppress(OSError, CancelledError):
                self.client.cancel(futures, force=True)

    def _fill(self, new: Iterator[tuple[int, Errand[Any]]]) -> None:
        """Make calls until every worker has one in hand and one that waits."""
        while len(self.attempts) < self._room() and len(self.ended) <= self.room:
            ready = next(((each, call) for each in self.underway for call in each.calls), None)
            if ready is not None:
                self._submit(ready[1], ready[0])
                continue
            begun = next(new, None)
            if begun is None:
                return
            self.underway.append(_Underway(*begun))
            self._go_on(self.underway[-1])

    def _go_on(self, one: _Underway, error: Exception | None = None) -> None:
        """Let an errand go on until it has calls to make, or ends."""
        try:
            while not one.unanswered:
                one.calls = iter(next(one.errand) if error is None else one.errand.throw(error))
                error, first = None, next(one.calls, None)
                if first is not None:
                    self._submit(first, one)
        except StopIteration as end:
            self._end(one, Ended(one.number, end.value))
        except DAMAGE as reason:
            self._end(one, Ended(one.number, error=reason))

    def _end(self, one: _Underway, how: Ended[Any]) -> None:
        self.underway.remove(one)
        self.ended.append(how)

    def _submit(self, call: Call, of: _Underway, tries: int = 1) -> None:
        self._check_there()  # an errand may have taken longer over its last calls than a client looks for a scheduler
        future = self.client.submit(call.function, *call.arguments, pure=False)
        of.unanswered += tries == 1
        self.attempts[future.key] = _Attempt(call, of, future, tries)
        future.add_done_callback(self.answered.put)

    def _answer(self, future: Future) -> None:
        """Hand a result to whom it belongs; a call that failed is made again, or ends its errand."""
        attempt = self.attempts.pop(future.key, None)
        if attempt is None:  # of an errand that failed
            return
        error = _failure(future, attempt)
        one = attempt.of
        if error is not None and not isinstance(error, HemaLensError) and attempt.tries <= self.retries:
            self._submit(attempt.call, one, attempt.tries + 1)
            return
        if error is None:
            try:
                attempt.call.take(future.result())
            except CancelledError as lost:  # between the word that it is there and its coming
                raise self._gone() from lost
            except DAMAGE as reason:
                error = reason
        if error is not None:
            self._fail(one, error)
            return
        one.unanswered -= 1
        if not one.unanswered:
            following = next(one.calls, None)
            self._go_on(one) if following is None else self._submit(following, one)

    def _fail(self, one: _Underway, error: Exception) -> None:
        """Take back the other calls of an errand, and let it answer the error."""
        self._take_back([key for key, each in self.attempts.items() if each.of is one])
        one.unanswered, one.calls = 0, iter(())
        self._go_on(one, error)

    def _room(self) -> int:
        """Return how many calls may be underway; workers come and go."""
        if time.monotonic() - self.counted > _COUNT_S:
            self._check_there()
            try:
                self.room = _AHEAD * max(1, sum(self.client.nthreads().values()))
            except OSError as error:
                raise self._gone() from error
            self.counted = time.monotonic()
        return self.room

    def _check_there(self) -> None:
        if self.client.status != "running":
            raise self._gone()

    def _gone(self) -> ClusterError:
        return ClusterError(
            "The scheduler of the cluster went away. What was found is kept: the same command goes on from there once "
            "a scheduler runs."
        )


def _failure(future: Future, attempt: _Attempt) -> Exception | None:
    """Return why a call failed, in a sentence where that is known; None if it did not.

    Raises
    ------
    ClusterError
        If the scheduler forgot the call.
    """
    if future.cancelled():
        raise ClusterError(
            f"The scheduler of the cluster went away, and {attempt.call.what} with it. What was found is kept: the "
            "same command goes on from there once a scheduler runs."
        )
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return DeviceError(
            f"Workers died again and again at {attempt.call.what}, most likely for want of memory: give them more (for "
            "tiles of a slide, a lower tile takes less)."
        )
    if error is None or isinstance(error, HemaLensError):
        return error
    if isinstance(error, Exception):
        error.add_note(f"{attempt.call.what}, tried {attempt.tries:,} times")
        return error
    return RuntimeError(f"{attempt.call.what}: {error!r}")
