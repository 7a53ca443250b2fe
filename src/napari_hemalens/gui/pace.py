"""Partial results are drawn no more often than drawing takes time, and small steps several at once."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 4
"""Times as long as it takes to draw them are partial results apart."""

APART_S = 0.25
"""Seconds that they are apart at least: napari paints them later, which takes longer than handing them to it."""

AT_ONCE_S = 0.012
"""Seconds that several small steps take together, beyond which the window is given a turn."""


class Pace:
    """Says when to draw again.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._drawn, self._took = -math.inf, 0.0  # when it was drawn last, and how long that took

    def begin(self) -> None:
        """Draw the first of a run at once."""
        self._drawn = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed since it was drawn last."""
        return self._clock() - self._drawn >= max(APART_S, PATIENCE * self._took)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Measure how long it takes to draw what is drawn meanwhile."""
        began = self._clock()
        yield
        self._drawn = self._clock()
        self._took = self._drawn - began


def several_at_once(steps: Iterator[None], clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Take as many steps at once as cannot be felt, yielding after those: each pause costs a picture.

    Parameters
    ----------
    steps : iterator
        What is to be done, a little at a time.
    clock : callable
        Returns the time in seconds.
    """
    began = clock()
    for _ in steps:
        if clock() - began >= AT_ONCE_S:
            yield
            began = clock()
