"""While something runs, Python seldom searches all that there is for garbage, and the new as often as ever.

Searching all that napari and torch keep takes it a third of a second, in which the window is dead, whichever thread it
happens in. Where much has just been imported or made, as before a first run, it would do so in the middle of that.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 20
"""Times as seldom: often enough for runs of hours, whose garbage must not pile up."""

_LOCK = threading.Lock()
_BEFORE: list[tuple[int, int, int]] = []  # what a run that goes on found set; one entry for each such run


@contextmanager
def searching_all_seldom() -> Iterator[None]:
    """Let all be searched seldom meanwhile; after the last of several such runs, as it was before the first."""
    with _LOCK:
        _BEFORE.append(_BEFORE[0] if _BEFORE else gc.get_threshold())
        young, middle, old = _BEFORE[0]
        gc.set_threshold(young, middle, _SELDOM * old)
    try:
        yield
    finally:
        with _LOCK:
            before = _BEFORE.pop()
            if not _BEFORE:
                gc.set_threshold(*before)
