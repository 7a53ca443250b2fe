"""What a worker keeps from one call to the next, and one call at a time."""

import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from distributed import Worker, WorkerPlugin

T = TypeVar("T")

ALONE = threading.RLock()
"""Held while a call is computed: networks and files are for one thread at a time, and workers may have several."""


class Uninterrupted(WorkerPlugin):  # type: ignore[misc]
    """Lets workers on this machine outlive Ctrl-C, which a terminal tells them, too: who started them ends them."""

    name = "uninterrupted"

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 -- the name by which it is called
        """Ignore Ctrl-C in the process of a worker."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class Kept:
    """The last few things that were made, by what they depend on.

    Parameters
    ----------
    most : int
        How many are kept.
    let_go : callable
        Told of what is kept no longer.
    """

    def __init__(self, most: int, let_go: Callable[[Any], object] = lambda _: None) -> None:
        self._most, self._let_go = most, let_go
        self._things: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, of: Hashable, make: Callable[[], T]) -> T:
        """Return what was made of something, made now if it was not."""
        with ALONE:
            if of not in self._things:
                self._things[of] = make()
            self._things.move_to_end(of)
            while len(self._things) > self._most:
                self._let_go(self._things.popitem(last=False)[1])
            found: T = self._things[of]
            return found
