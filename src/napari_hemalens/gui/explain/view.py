"""When the camera has come to rest: what is in view then is what a person looks at."""

import time
import weakref
from collections.abc import Iterator
from typing import Any

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.gui.running import RunIdle

REST = 0.3
"""Seconds without a move."""


class View:
    """Tells when a person has moved what is seen, and stopped.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    run_idle : RunIdle
        How it waits.

    Attributes
    ----------
    watched : bool
        Whether anybody wants to know.
    """

    rested = Signal()

    def __init__(self, viewer: ViewerModel, run_idle: RunIdle) -> None:
        self._viewer = weakref.ref(viewer)
        self._run_idle = run_idle
        self._due = 0.0
        self._waiting = False
        self.watched = False
        camera = getattr(viewer, "scene", viewer).camera  # before napari 0.9 the viewer held it
        for event in (camera.events.center, camera.events.zoom):
            event.connect(self._on_move)

    def _on_move(self, _: Any) -> None:
        self._due = time.monotonic() + REST
        if self.watched and not self._waiting:
            self._waiting = True
            self._run_idle(self._wait())

    def _wait(self) -> Iterator[None]:
        while time.monotonic() < self._due:
            yield
        self._waiting = False
        if self.watched:
            self.rested.emit()
