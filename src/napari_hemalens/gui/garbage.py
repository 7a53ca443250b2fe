"""While something runs, Python looks for garbage only among what was made since.

Looking through all that napari and torch keep takes it a third of a second, in which the window is dead, whichever
thread it happens in; and it happens again and again while layers, visuals and results are made.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_RUNS = [0]


@contextmanager
def leaving_the_old_alone() -> Iterator[None]:
    """Leave what is there now out of the search for garbage meanwhile; it is searched again after the last such run."""
    with _LOCK:
        _RUNS[0] += 1
        if _RUNS[0] == 1:
            gc.freeze()
    try:
        yield
    finally:
        with _LOCK:
            _RUNS[0] -= 1
            if _RUNS[0] == 0:
                gc.unfreeze()
