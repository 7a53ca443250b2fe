"""What a network is given next, made on a thread while it computes."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")

_AHEAD = 2  # items: enough that the network does not wait, and few in memory


def read_ahead(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield items in their order, of which a thread makes up to two in advance.

    What goes wrong with an item is raised in its place. Who stops before the end waits for the item at hand, after
    which nothing is read any more.

    Parameters
    ----------
    items : generator
        Of anything but None. The thread alone uses it, and it is closed at the end.
    """
    waiting: deque[Future[T | None]] = deque()
    with closing(items), ThreadPoolExecutor(1, thread_name_prefix="reading ahead") as thread:
        try:
            waiting.extend(thread.submit(next, items, None) for _ in range(_AHEAD))
            while (item := waiting.popleft().result()) is not None:
                waiting.append(thread.submit(next, items, None))
                yield item
        finally:
            for each in waiting:
                each.cancel()
