"""Signals that ask a command to end: after the piece of work at hand, on the second at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

Handler = Callable[[int, FrameType | None], Any]


class Stopped(BaseException):
    """A signal ended a command; no Exception, and no KeyboardInterrupt, which click would answer itself.

    Parameters
    ----------
    signum : int
        The signal.
    sentence : str
        What was done before, and what to do to go on.
    """

    def __init__(self, signum: int, sentence: str = "stopped") -> None:
        super().__init__(sentence)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell expects: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.signum


class StopAsked:
    """Whether a signal has come.

    Attributes
    ----------
    signum : int or None
        The signal.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self.signum: int | None = None
        self._tell = tell

    def note(self, signum: int, _: FrameType | None = None) -> None:
        """Take note of a signal; the second ends the command at once."""
        if self.signum is not None:
            stop_at_once(signum)
        self.signum = signum
        self._tell()


def stop_at_once(signum: int, _: FrameType | None = None) -> None:
    """Raise `Stopped`."""
    raise Stopped(signum)


@contextmanager
def handle_signals(handler: Handler) -> Iterator[None]:
    """Answer signals that ask to end by a handler of one's own, inside the block; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, handler) for each in _ASKING}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)
